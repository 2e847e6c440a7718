import { sameByNickname } from "../nicknames.ts";

/**
 * Forms of one given name in several languages, and further short forms. One person's records hold several of them where
 * clerks translate or guess; next to a shared phone they are likelier two people, which is why they are no nicknames.
 * Data: extend it here.
 */
const groups = `
john ian sean shaun jean johann johannes juan joao giovanni ivan jan jon jonas evan ewan ewen owen iain eoin jack hans jens joan joannes jno jack jackie
james jacob jakob jacques jaime giacomo jay jim jimi jamie jake jas
william wilhelm guillaume guillermo guglielmo gwilym liam willem wm bill billy will willie wil
charles carl karl carlo carlos karel charlie chas chs
henry henri heinrich enrico enrique hendrik harry harold hank eric
george georg georges jorge giorgio georgina georgia georgie georgette jerzy yuri jurgen geo
edward eduard eduardo edoardo edouard edgar edwin edmund ned ted teddy ed eddy eddie iorwerth
robert roberto robt rupert ruprecht rob bob bobby bobbi robin bert bertie
richard ricardo riccardo rick dick dickon rich
peter pedro pierre pietro pieter piet petrus per
paul paolo pablo pavel pol
thomas tomas tommaso tom tommy thos th
mark marc marcus marco marcos markus
matthew matthias matteo mateo matthieu mattias mat
philip philippe felipe filippo filip phil
michael michel michele miguel mikhail michal mick
alexander alexandre alejandro alessandro alec aleck alex alick sandy
andrew andre andreas andrea andres drew
anthony antonio antoine anton toni
francis francois francesco francisco franz frans frank franciscus
frederick friedrich frederic federico fritz fred freddy
stephen stefan stephane stefano esteban etienne steve
joseph josef jose giuseppe josip joe jo
louis luis luigi ludwig lewis louie lou ludovic
lawrence laurence lorenzo laurent lars larry laurie
arthur artur arturo art artie
walter gualtiero gauthier wally walt
albert alberto al bert bertie albrecht
herbert heribert bert bertie herb herbie
hugh hugo huw hughie huey ugo
ralph raphael rafael raf rolf raoul raul
gerald gerard gerhard gerry jerry
julian julius jules julio giulio julien
guy guido guido
david dafydd davide dai dave
daniel danilo dan danny
isaac ike zac isaak
samuel sam samson
nicholas nicolas niccolo nikolaus klaus claus nico nikolai
maurice mauritz maurizio moritz morris
augustine augustin augustus augusta augustina gus august
mary maria marie may marian mamie molly polly minnie miriam
margaret margarita margherita marguerite margarethe greta may maisie peggy nessie meg madge rita
elizabeth elisabeth elisabetta isabel isabella isabelle elsie eliza betsy bess bessie bet betty lizzie libby lisbeth elspeth elise elsa
anne ann anna hannah annie nan nancy anita anya anouk ana
helen helena helene ellen elena eleanor ellie nell nellie elaine
catherine katharina caterina catalina kate kathleen karen kitty cathleen karin trina
frances francesca francoise franziska fanny fran fannie cissie
harriet henrietta henriette hattie etta harriette hetty
jane jean joan joanna johanna jeanne giovanna juana jeanette janet jenny jennie sheila siobhan ivana
alice alicia alison ally allie
emily emilie emilia millie milly em emmy amelia
rose rosa rosie rosalie rosemary
sarah sara sally sallie sadie zara
esther hester essie hetty ester
matilda mathilde tillie tilly maud maude mattie
agnes agnese aggie nessie ines
lucy lucia lucie luce
julia julie giulia juliet juliana
lavinia vinnie vina
florence fiorenza florrie flossie flo flora
charlotte carlotta lottie lotte charlie
caroline carolina carol carrie karoline
louise louisa luisa lou
susan susanna suzanne susannah sue susie
theresa therese teresa tess tessa
victoria vittoria vicky vic
`;

const membership = new Map<string, Set<number>>();
groups
  .trim()
  .split("\n")
  .forEach((line, group) => {
    for (const name of line.split(" ")) membership.set(name, (membership.get(name) ?? new Set()).add(group));
  });

/** Whether both may be written of one person: bill and william, jean and john, tommie and thomas. */
export function sameInSomeForm(a: string, b: string): boolean {
  for (const one of spellings(a)) for (const other of spellings(b)) if (isSame(one, other)) return true;
  return false;
}

function isSame(a: string, b: string): boolean {
  if (a === b || sameByNickname(a, b)) return true;
  const [groupsOfA, groupsOfB] = [membership.get(a), membership.get(b)];
  return groupsOfA !== undefined && groupsOfB !== undefined && !groupsOfA.isDisjointFrom(groupsOfB);
}

/** Short forms end as one likes: tommy, tommie, tomi. */
function spellings(name: string): string[] {
  const stem = /^(..+?)(?:ie|ey|y|i)$/.exec(name)?.[1];
  return stem === undefined ? [name] : [name, `${stem}y`, `${stem}ie`];
}
