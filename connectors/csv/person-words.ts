/** How columns of a list of people are called beyond the everyday ones, as `header-words.ts` has those. Data: extend it here. */
import type { NationalId } from "../core/records.ts";
import type { Field } from "./settings.ts";
import { foldWords } from "./words.ts";

/** Numbers of a person, by what gives them. */
const NATIONAL: Record<NationalId["kind"], string> = {
  social_security:
    "social security number,social security no,social security,soc sec id,soc sec no,soc sec number,ssn,sin,social insurance number," +
    "national insurance number,national insurance no,ni number,nino,sozialversicherungsnummer,sv nummer,svnr,ahv nummer,ahv nr," +
    "numero de securite sociale,no securite sociale,nir,numero de seguridad social,numero seguridad social,nss",
  tax_id:
    "tax id,tax number,tax no,tax identification number,taxpayer id,tin,tfn,steuer id,steueridentifikationsnummer,steuernummer," +
    "identifikationsnummer,numero fiscal,numero fiscale,codice fiscale,cod fiscale,nif,cpf,numero d identification fiscale",
  national_id:
    "national id,national id number,national number,national identity number,identity number,id card number,identity card number," +
    "personal number,personal id number,citizen id,personalausweisnummer,ausweisnummer,personnummer,fodselsnummer,cpr,cpr nummer," +
    "bsn,burgerservicenummer,rijksregisternummer,pesel,rodne cislo,henkilotunnus,dni,nie,cni,numero carta identita,tc kimlik no",
  passport:
    "passport,passport number,passport no,reisepassnummer,numero de passeport,numero passaporto,numero de pasaporte,paspoortnummer",
};

export const PERSON_WORDS: Partial<Record<Field, string>> = {
  middle_name:
    "middle name,middlename,middle names,middle initial,second given name,additional name,zweiter vorname,weitere vornamen," +
    "deuxieme prenom,autres prenoms,secondo nome,segundo nombre,tweede voornaam,andranamn,mellomnavn,mellemnavn,drugie imie",
  previous_name:
    "maiden name,birth name,name at birth,previous name,previous names,previous surname,previous last name,former name,former surname," +
    "former last name,other names,nee,geburtsname,madchenname,fruherer name,nom de naissance,nom de jeune fille,cognome da nubile," +
    "cognome alla nascita,apellido de soltera,apellido de nacimiento,nome de solteira,meisjesnaam,geboortenaam,fodenavn,flicknamn," +
    "pikenavn,pigenavn,nazwisko panienskie,nazwisko rodowe,rodne prijmeni,kizlik soyadi,tyttonimi",
  street:
    "street,street address,street name,address,address 1,address line 1,address1,addr1,addr 1,addr,street 1,street line 1,home address," +
    "mailing street,mailing address,postal address,billing street,billing address,billing address 1,billing address line 1,shipping address 1," +
    "shipping street,default address address1,residential address,line 1,strasse,str,strasse hausnummer,strasse und hausnummer,strasse nr,anschrift," +
    "adresse,adresse 1,adresse ligne 1,rue,voie,numero et rue,indirizzo,indirizzo 1,via,direccion,direccion 1,calle,domicilio," +
    "endereco,rua,logradouro,adres,adres 1,straat,straatnaam,straat en huisnummer,gata,gatuadress,adress,vej,vejnavn,gate,gateadresse," +
    "osoite,katuosoite,ulica,ulica i numer,ulice,cadde,sokak",
  house_number:
    "house number,house no,street number,street no,building number,building no,hausnummer,hausnr,haus nr,numero de rue,numero de voie," +
    "numero civico,civico,numero de casa,numero exterior,numero da casa,huisnummer,husnummer,husnr,numer domu,nr domu,cislo popisne,talonumero",
  address_line_2:
    "address 2,address line 2,address2,addr2,addr 2,street 2,street line 2,billing address 2,shipping address 2,billing address line 2," +
    "default address address2,line 2,apartment,apt,flat,suite,unit,building,adresszusatz,zusatz,adresse 2,complement,complement d adresse," +
    "adresse ligne 2,indirizzo 2,interno,scala,direccion 2,piso,puerta,complemento,adres 2,toevoeging,lagenhet",
  region:
    "state,region,province,county,state province,state region,province state,state code,province code,billing state,billing province," +
    "shipping state,shipping province,default address province code,bundesland,kanton,canton,departement,regione,provincia," +
    "comunidad autonoma,estado,uf,provincie,lan,fylke,wojewodztwo,kraj,maakunta",
  birth_date:
    "date of birth,dob,birth date,birthdate,birthday,birth day,born,born on,d o b,geburtsdatum,geburtstag,geb datum,geb,geboren,geboren am," +
    "date de naissance,naissance,ne le,nee le,data di nascita,data nascita,nato il,nata il,fecha de nacimiento,fecha nacimiento," +
    "nacimiento,data de nascimento,nascimento,geboortedatum,geboortedag,fodelsedatum,fodselsdato,fodselsdag,syntymaaika," +
    "data urodzenia,datum narozeni,dogum tarihi",
  birth_place:
    "birth place,birthplace,place of birth,city of birth,town of birth,born in,born at,geburtsort,lieu de naissance,ville de naissance," +
    "luogo di nascita,luogo nascita,comune di nascita,lugar de nacimiento,lugar nacimiento,local de nascimento,geboorteplaats," +
    "fodelseort,fodested,fodeby,syntymapaikka,miejsce urodzenia,misto narozeni,dogum yeri",
  gender:
    "gender,sex,geschlecht,sexe,genre,sesso,genere,sexo,genero,geslacht,kon,kjonn,sukupuoli,plec,pohlavi,cinsiyet",
  occupation:
    "occupation,profession,job title,job,beruf,berufsbezeichnung,metier,professione,occupazione,mestiere,profesion,ocupacion,profissao," +
    "ocupacao,beroep,yrke,erhverv,stilling,ammatti,zawod,povolani,meslek",
  national_id: Object.values(NATIONAL).join(),
};

const kinds = new Map(
  Object.entries(NATIONAL).flatMap(([kind, words]) =>
    // Object.entries forgets the key type.
    words.split(",").map((word) => [word, kind as NationalId["kind"]] as const),
  ),
);

/** What kind of number a column holds, by its name. */
export function nationalIdKindOf(column: string): NationalId["kind"] {
  const folded = foldWords(column);
  const known = kinds.get(folded);
  if (known !== undefined) return known;
  const within = [...kinds].find(([word]) => word.length > 3 && ` ${folded} `.includes(` ${word} `));
  return within?.[1] ?? "national_id";
}
