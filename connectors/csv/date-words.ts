/** Words in dates: names of months in the languages columns are named in, and of time zones as tools write them. */
import { foldWords } from "./words.ts";

const MONTHS = [
  "jan,january,januar,janner,janvier,janv,gennaio,gen,enero,ene,januari,janeiro,sty,styczen,stycznia,led,leden,ledna,oca,ocak",
  "feb,february,februar,fevrier,fev,fevr,febbraio,febrero,februari,fevereiro,lut,luty,lutego,uno,unor,unora,sub,subat",
  "mar,march,marz,mrz,maerz,mars,marzo,mrt,maart,marts,marco,marzec,marca,bre,brezen,brezna,mart",
  "apr,april,avril,avr,aprile,abril,abr,kwi,kwiecien,kwietnia,dub,duben,dubna,nis,nisan",
  "may,mai,maggio,mag,mayo,mei,maj,maio,maja,kve,kveten,kvetna,mayis",
  "jun,june,juni,juin,giugno,giu,junio,junho,cze,czerwiec,czerwca,cerven,cervna,haz,haziran",
  "jul,july,juli,juillet,juil,luglio,lug,julio,julho,lip,lipiec,lipca,cervenec,cervence,tem,temmuz",
  "aug,august,aout,aou,agosto,ago,augustus,augusti,sie,sierpien,sierpnia,srp,srpen,srpna,agu,agustos",
  "sep,sept,september,septembre,settembre,set,septiembre,setiembre,setembro,wrz,wrzesien,wrzesnia,zari,eyl,eylul",
  "oct,october,okt,oktober,octobre,ottobre,ott,octubre,outubro,out,paz,pazdziernik,pazdziernika,rij,rijen,rijna,eki,ekim",
  "nov,november,novembre,noviembre,novembro,lis,listopad,listopada,listopadu,kas,kasim",
  "dec,december,dez,dezember,decembre,dicembre,dic,diciembre,dezembro,gru,grudzien,grudnia,pro,prosinec,prosince,ara,aralik",
].map((names) => new Set(names.split(",")));

/** 1 to 12, 0 for what is no month. */
function monthNamed(name: string): number {
  const plain = foldWords(name);
  return MONTHS.findIndex((names) => names.has(plain)) + 1;
}

const WEEKDAY = /^\p{L}{2,10}\.?,?\s+(?=\d|\p{L}+\.?\s*\d)/u;
const DAY_FIRST =
  /^(\d{1,2})(?:st|nd|rd|th|er|\.|º)?[\s/-]*(?:de |of )?(\p{L}{3,12})\.?[\s/,-]*(?:de |del )?(\d{4}|\d{2})(?!\d)(.*)$/u;
const MONTH_FIRST = /^(\p{L}{3,12})\.?[\s-]*(\d{1,2})(?:st|nd|rd|th)?,?[\s-]+(\d{4})(?!\d)(.*)$/u;
const YEAR_FIRST = /^(\d{4})[\s/-](\p{L}{3,12})[\s/-](\d{1,2})(?!\d)(.*)$/u;
const BEFORE_TIME = /^(?:,|\s|-)*(?:at|um|à|alle|a las|le ore)?\s*(?=\d)/u;

/** `7 March 2026 at 14:15` as `2026-03-07 14:15`; a text without a month's name as it is. */
export function withMonthNumber(text: string): string {
  if (!/\p{L}{3}/u.test(text) || text.length > 80) return text;
  const asWritten = numbered(text);
  return asWritten ?? numbered(text.replace(WEEKDAY, "")) ?? text;
}

function numbered(text: string): string | null {
  const dayFirst = DAY_FIRST.exec(text);
  if (dayFirst !== null) return iso(dayFirst[3], dayFirst[2], dayFirst[1], dayFirst[4]);
  const monthFirst = MONTH_FIRST.exec(text);
  if (monthFirst !== null) return iso(monthFirst[3], monthFirst[1], monthFirst[2], monthFirst[4]);
  const yearFirst = YEAR_FIRST.exec(text);
  return yearFirst === null ? null : iso(yearFirst[1], yearFirst[2], yearFirst[3], yearFirst[4]);
}

function iso(year = "", name = "", day = "", rest = ""): string | null {
  const month = monthNamed(name);
  if (month === 0) return null;
  const whole = year.length === 4 ? year : `${Number(year) < 70 ? "20" : "19"}${year}`;
  const time = rest.trim() === "" ? "" : ` ${rest.replace(BEFORE_TIME, "").replace(/\s*Uhr$/, "")}`;
  return `${whole}-${String(month).padStart(2, "0")}-${day.padStart(2, "0")}${time}`;
}

/** Minutes east of UTC. Names that stand for several zones (IST, AST) are left out: they would be guessed. */
const ABBREVIATIONS: Readonly<Record<string, number>> = {
  ...{ Z: 0, UTC: 0, GMT: 0, WET: 0, BST: 60, WEST: 60, CET: 60, MEZ: 60, CEST: 120, MESZ: 120, EET: 120, EEST: 180 },
  ...{ EST: -300, EDT: -240, CST: -360, CDT: -300, MST: -420, MDT: -360, PST: -480, PDT: -420 },
  ...{ AKST: -540, AKDT: -480, HST: -600, NST: -210, NDT: -150, SAST: 120, JST: 540, SGT: 480 },
  ...{ AWST: 480, ACST: 570, ACDT: 630, AEST: 600, AEDT: 660, NZST: 720, NZDT: 780 },
};

/** Minutes east of UTC of `Z`, `EST`, `+02:00`, `GMT+2`; null where the zone is not known. */
export function zoneMinutes(zone: string): number | null {
  if (Object.hasOwn(ABBREVIATIONS, zone)) return ABBREVIATIONS[zone] ?? null;
  const match = /^(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?$/.exec(zone);
  if (match === null) return null;
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? "0");
  return match[1] === "-" ? -minutes : minutes;
}

/** Names Square and others write, as Ruby on Rails has them: https://apidock.com/rails/ActiveSupport/TimeZone (read 2026-11). */
const NAMED: Readonly<Record<string, string>> = {
  "eastern time us canada": "America/New_York",
  "eastern time": "America/New_York",
  "central time us canada": "America/Chicago",
  "central time": "America/Chicago",
  "mountain time us canada": "America/Denver",
  "mountain time": "America/Denver",
  "pacific time us canada": "America/Los_Angeles",
  "pacific time": "America/Los_Angeles",
  "atlantic time canada": "America/Halifax",
  newfoundland: "America/St_Johns",
  alaska: "America/Juneau",
  hawaii: "Pacific/Honolulu",
  arizona: "America/Phoenix",
  "indiana east": "America/Indiana/Indianapolis",
  saskatchewan: "America/Regina",
  "puerto rico": "America/Puerto_Rico",
  london: "Europe/London",
  edinburgh: "Europe/London",
  dublin: "Europe/Dublin",
  lisbon: "Europe/Lisbon",
  madrid: "Europe/Madrid",
  paris: "Europe/Paris",
  berlin: "Europe/Berlin",
  rome: "Europe/Rome",
  amsterdam: "Europe/Amsterdam",
  vienna: "Europe/Vienna",
  sydney: "Australia/Sydney",
  melbourne: "Australia/Melbourne",
  brisbane: "Australia/Brisbane",
  adelaide: "Australia/Adelaide",
  perth: "Australia/Perth",
  darwin: "Australia/Darwin",
  hobart: "Australia/Hobart",
  canberra: "Australia/Sydney",
  tokyo: "Asia/Tokyo",
  osaka: "Asia/Tokyo",
  sapporo: "Asia/Tokyo",
  auckland: "Pacific/Auckland",
};

/** IANA name or fixed offset of a zone written out; null where it is not known. */
export function zoneNamed(text: string): string | null {
  const plain = text.trim();
  const known = NAMED[foldWords(plain)];
  if (known !== undefined) return known;
  const minutes = zoneMinutes(plain);
  if (minutes !== null) return minutes === 0 ? "UTC" : offsetName(minutes);
  if (!/^[A-Za-z_]+\/[A-Za-z_/+-]+\d*$/.test(plain)) return null;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: plain }).resolvedOptions().timeZone;
  } catch {
    return null; // RangeError is how Intl says "no such zone"
  }
}

function offsetName(minutes: number): string {
  const size = Math.abs(minutes);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** The zone a column's name gives: `Created (UTC)`, `Date (America/New_York)`, `Sold at UTC`. */
export function zoneInName(column: string): string | null {
  const written = /\(([^()]+)\)\s*$/.exec(column)?.[1] ?? /[\s_-](UTC|GMT)$/i.exec(column)?.[1]?.toUpperCase();
  return written === undefined ? null : zoneNamed(written.replace(/\s*time(?:\s?zone)?$/i, "").replace(/^in /i, ""));
}
