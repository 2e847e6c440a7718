/**
 * How columns are called in exports, by field and kind of file, in English, German, French, Italian and Spanish; the
 * plainest also in Dutch, Portuguese, Swedish, Danish, Norwegian, Finnish, Polish, Czech and Turkish.
 */
import { isCurrency } from "../core/currency.ts";
import { PERSON_WORDS } from "./person-words.ts";
import { FILE_KINDS, type Field, type FileKind } from "./settings.ts";
import { foldWords } from "./words.ts";

/** Names shared by all kinds. Folded as `foldWords` does; the first are the surest. */
const COMMON: Partial<Record<Field, string>> = {
  email:
    "email,e mail,mail,email address,e mail address,emailadresse,e mail adresse,mailadresse,customer email,customer email address," +
    "adresse email,adresse e mail,courriel,mel,indirizzo email,indirizzo e mail,posta elettronica,correo,correo electronico," +
    "direccion de correo,contact email,billing email,kunden email,primary email,work email,private email,emailadres,e mailadres," +
    "mailadres,adres e mail,adres email,epost,e post,epostadress,e postadress,eposta,e posta,e posta adresi,sahkoposti",
  phone:
    "phone,phone number,telephone,telephone number,tel,mobile,mobile phone,mobile number,cell,cell phone,cellphone,telefon," +
    "telefonnummer,telefon nr,handy,handynummer,mobil,mobiltelefon,rufnummer,numero de telephone,portable,gsm,telefono,cellulare," +
    "movil,sms,sms number,numero de telefono,numero di telefono,customer phone,contact phone,billing phone,phone 1,mobilnummer,telefono cellulare," +
    "telefoon,telefoonnummer,mobiel,telefone,telemovel,celular,numer telefonu,telefon komorkowy,cep telefonu,puhelin,matkapuhelin,tlf,mobilnr",
  first_name:
    "first name,firstname,given name,givenname,forename,fname,vorname,prenom,nome,nombre,first,customer first name," +
    "billing first name,kunde vorname,voornaam,fornavn,fornamn,primeiro nome,imie,adi,etunimi,jmeno",
  last_name:
    "last name,lastname,surname,family name,familyname,lname,nachname,familienname,zuname,nom,nom de famille,cognome,apellido," +
    "apellidos,last,customer last name,billing last name,kunde nachname,achternaam,efternavn,etternavn,efternamn,sobrenome,apelido," +
    "nazwisko,soyad,sukunimi,prijmeni",
  full_name:
    "full name,fullname,name,customer name,contact name,kundenname,kunde,kontaktname,first and surname,nom complet,nome completo,nombre completo," +
    "nominativo,billing name,buyer name,member name,guest name,client name,gast,gastname,mitglied,acheteur,acquirente,comprador,display name,nom client,cliente nome,customer,client,cliente,naam,klantnaam,klant,navn," +
    "kundenavn,namn,kundnamn,nimi,imie i nazwisko,klient,ad soyad,adi soyadi,musteri,musteri adi,nome do cliente," +
    "nachname vorname,name vorname,last name first name,surname first name,nom prenom,cognome nome,apellidos nombre," +
    "apellidos y nombre,vorname nachname,vor und nachname,vorname und nachname,first and last name,first name last name,prenom nom," +
    "prenom et nom,nome cognome,nome e cognome,nombre y apellidos,nombre apellidos",
  country:
    "country,country code,land,laendercode,landercode,pays,paese,nazione,pais,billing country,country region,shipping country," +
    "code pays,landcode,iso country,lkz,customer country",
  loyalty_id:
    "loyalty id,loyalty number,loyalty card,loyalty card number,loyalty no,loyalty,member id,member number,membership number," +
    "membership id,card number loyalty,kundenkarte,kundenkartennummer,kundenkarten nr,kundenkarte nr,treuekarte,bonuskarte," +
    "carte fidelite,carte de fidelite,numero carte fidelite,no carte,tessera,numero tessera,carta fedelta,tarjeta fidelidad," +
    "tarjeta de fidelidad,tarjeta cliente,numero de tarjeta,club card,clubcard",
  updated_at:
    "updated at,updated,last updated,modified,modified at,last modified,date modified,update date,changed at,geaendert am," +
    "geandert am,letzte anderung,aktualisiert am,date de modification,modifie le,data modifica,fecha de modificacion," +
    "actualizado,ultima modifica,date updated,lastmodifieddate,last modified date",
};

const CUSTOMER_ID =
  "customer id,customerid,customer no,customer number,customer nr,customer code,client id,client no,client number,cust id," +
  "custid,user id,userid,contact id,person id,account id,account number,kunden id,kundennummer,kunden nr,kundennr,kd nr,kdnr," +
  "no client,numero client,id client,code client,codice cliente,id cliente,numero cliente,cliente id,numero de cliente," +
  "codigo cliente,customer";

const BY_KIND: Record<FileKind, Partial<Record<Field, string>>> = {
  people: {
    ...PERSON_WORDS,
    id: `id,${CUSTOMER_ID.replace(/,customer$/, "")},record id,nr,no,number,nummer,unique id,uid,uuid,guid,rec id,recid,external id`,
    company:
      "company,company name,organisation,organization,business,business name,firma,firmenname,unternehmen,societe,entreprise," +
      "raison sociale,azienda,ragione sociale,empresa,compania,account name",
    postcode:
      "postcode,post code,postal code,zip,zip code,zipcode,plz,postleitzahl,code postal,cap,codice postale,codigo postal,cp," +
      "billing zip,shipping zip,default address zip",
    city:
      "city,town,ort,stadt,wohnort,ville,commune,citta,comune,localita,ciudad,poblacion,localidad,suburb,billing city," +
      "default address city",
    created_at:
      "created at,created,date created,creation date,create date,signup date,sign up date,signed up at,registered,registered at," +
      "registration date,joined,join date,customer since,member since,angelegt am,erstellt am,erfasst am,kunde seit," +
      "registriert am,date de creation,cree le,inscrit le,date d inscription,data creazione,data registrazione,creato il," +
      "fecha de alta,fecha de creacion,fecha alta,creado,createdate,client depuis,cliente dal",
  },
  orders: {
    order_id:
      "order id,orderid,order no,order number,order nr,order,order ref,order reference,invoice no,invoiceno,invoice number," +
      "invoice id,invoice,receipt,receipt no,receipt number,receipt id,transaction id,transaction no,transaction number," +
      "sale id,sale no,ticket,ticket no,ticket number,bestellnummer,bestell nr,bestellung,auftragsnummer,auftrag,rechnungsnummer," +
      "rechnung,rechnungs nr,rechnungsnr,bon,bonnummer,bon nr,belegnummer,beleg nr,beleg,bonnr,belegnr,numero de commande," +
      "no commande,commande,numero commande,facture,numero de facture,no facture,no ticket,numero ticket,numero ordine,ordine," +
      "id ordine,fattura,numero fattura,scontrino,numero scontrino,numero de pedido,pedido,numero pedido,id pedido,factura," +
      "numero factura,numero de factura,recibo,id,document number,reference,bestelnummer,ordernummer,factuurnummer,bonnummer," +
      "purchase id,purchase no,booking id,booking no,booking reference,buchungsnummer,buchungsnr,reservierungsnummer,sale ref,ordrenr,ordrenummer,ordernr,bestallningsnummer,fakturanummer,fakturanr,kvitteringsnummer,numero do pedido,numer zamowienia," +
      "nr zamowienia,zamowienie,numer faktury,nr faktury,numer paragonu,siparis no,siparis numarasi,siparis,fatura no,fis no,tilausnumero,cislo objednavky," +
      "document no,voucher no,deal id,record id,transaction,name,number,nummer,numero,num,nr,no",
    customer_id: CUSTOMER_ID,
    placed_at:
      "order date,orderdate,date,datetime,date time,timestamp,invoice date,invoicedate,placed at,ordered at,created at,created," +
      "purchase date,purchased at,sale date,sold at,transaction date,transaction time,paid at,order time,time,datum,bestelldatum," +
      "bestellt am,rechnungsdatum,kaufdatum,belegdatum,bondatum,verkaufsdatum,auftragsdatum,uhrzeit datum,datum uhrzeit," +
      "datum zeit,date de commande,date commande,date facture,date vente,date d achat,data ordine,data,data fattura,data ora," +
      "data vendita,data acquisto,fecha,fecha pedido,fecha de pedido,fecha factura,fecha compra,fecha de compra,fecha venta," +
      "receipt date,fecha hora,completed at,order placed at,besteldatum,orderdatum,factuurdatum,close date,payment date,zeitpunkt," +
      "dato,ordredato,fakturadato,kobsdato,bestallningsdatum,kopdatum,data do pedido,data da compra,data zamowienia,data sprzedazy," +
      "data transakcji,tarih,siparis tarihi,fatura tarihi,paivamaara,tilauspaiva,datum objednavky",
    amount:
      "amount,total,order total,total amount,grand total,total price,order amount,order value,sales,revenue,net amount," +
      "gross amount,paid amount,amount paid,value,sum,line total,betrag,gesamtbetrag,summe,gesamt,gesamtsumme," +
      "rechnungsbetrag,umsatz,brutto,bruttobetrag,endbetrag,endsumme,gesamtpreis,montant,montant total,total ttc,montant ttc," +
      "prix total,importo,totale,importo totale,totale ordine,prezzo totale,importe,importe total,total pedido,precio total," +
      "total charged,sale price,invoice value,invoice total,bill amount,spend,price total,total eur,total gbp,total usd,betrag eur,amount eur,amount gbp,amount usd,total factura," +
      "gesamtsumme bestellung,bestellwert,bestellsumme,total commande,montant commande,importe pedido,importo ordine,totaal bestelling," +
      "totaal,totaalbedrag,bedrag,totaal incl btw,belob,totalbelob,belop,belopp,totalt,summa,valor,valor total,total do pedido,kwota," +
      "kwota brutto,suma,razem,do zaplaty,tutar,toplam,toplam tutar,genel toplam,yhteensa,castka,celkem," +
      "deal amount,subtotal,subtotaal,zwischensumme,sous total,subtotale",
    quantity:
      "quantity,qty,units,items,item quantity,lineitem quantity,menge,anzahl,stuck,stueck,stk,quantite,qte,quantita,qta,cantidad,cant,unidades," +
      "number of items,pieces",
    unit_price:
      "unit price,unitprice,price,item price,price each,price per unit,lineitem price,einzelpreis,stuckpreis,stueckpreis,preis," +
      "e preis,ep,prix unitaire,prix,pu,prezzo unitario,prezzo,precio unitario,precio,unit cost",
    refunded:
      "refunded,refunded amount,refund amount,refund,partial refund,refund total,refunds total,amount refunded,total refunded,erstattet,erstattung,erstattungsbetrag," +
      "ruckerstattung,rembourse,montant rembourse,remboursement,rimborso,rimborsato,importo rimborsato,reembolso,reembolsado," +
      "importe reembolsado,returned amount,returns",
    paid:
      "payments total,total paid,paid total,paid to date,amount paid,paid amount,amount received,bezahlter betrag,montant paye," +
      "importo pagato,importe pagado",
    outstanding:
      "outstanding balance,outstanding amount,outstanding,balance due,amount due,open amount,offener betrag,restbetrag," +
      "reste a payer,importo residuo,importe pendiente",
    type:
      "type,transaction type,event type,row type,record type,entry type,line type,txn type,tran type,trans type,sale type," +
      "kind,order type,payment type,art,typ,vorgang,vorgangsart,buchungsart,transaktionstyp,belegart,type de transaction," +
      "type d operation,nature,tipo,tipo transazione,tipo di transazione,tipo de transaccion,tipo movimiento,activity type",
    time_zone: "time zone,timezone,tz,zeitzone,fuseau horaire,fuso orario,zona horaria",
    currency:
      "currency,currency code,cur,ccy,wahrung,waehrung,devise,monnaie,valuta,divisa,moneda,order currency,iso currency,order currency code," +
      "transaction currency,payment currency",
    status:
      "status,order status,payment status,financial status,state,bestellstatus,zahlungsstatus,auftragsstatus,statut,etat,stato," +
      "stato ordine,estado,estado pedido,transaction status,payment result,order state,payment state,statut de paiement,etat de la commande," +
      "stato del pagamento,stato pagamento,estado del pedido,estado de pago,orderstatus,betaalstatus,bestelstatus,deal stage," +
      "fulfillment status,status pedido,status pagamento,situacao,status zamowienia,status platnosci,stan,stav,stav objednavky,durum,siparis durumu," +
      "odeme durumu,betalingsstatus,ordrestatus,betalningsstatus,tila,stage,result,outcome,resultat,ergebnis,esito,resultado",
    is_cancelled:
      "cancelled,canceled,voided,void,is cancelled,is canceled,is voided,is void,order cancelled,cancelled at,canceled at,cancelled on," +
      "canceled on,cancellation date,date cancelled,cancelled date,voided at,voided on,void date,deleted,is deleted,deleted at," +
      "storniert,storno,storniert am,stornodatum,stornierungsdatum,geloscht,annule,annulee,annule le,annulee le," +
      "date d annulation,annullato,annullata,annullato il,data annullamento,cancelado,cancelada,anulado,anulada," +
      "fecha de cancelacion,cancelado el,geannuleerd,geannuleerd op,annulleringsdatum,annulleret,makulerad",
    is_refunded:
      "is refunded,refunded,fully refunded,refunded at,refunded on,refund date,refunded date,date refunded,returned,is returned," +
      "returned at,returned on,return date,charged back,chargeback,erstattet,erstattet am,ruckerstattet,ruckerstattet am,retourniert," +
      "rembourse,remboursee,rembourse le,date de remboursement,rimborsato,rimborsata,rimborsato il,data rimborso,reembolsado," +
      "reembolsada,fecha de reembolso,terugbetaald,terugbetaald op,geretourneerd",
    is_paid:
      "paid,is paid,fully paid,has been paid,payment received,settled,is settled,bezahlt,ist bezahlt,beglichen,paye,payee,reglee," +
      "regle,pagato,pagata,saldato,saldata,pagado,pagada,cobrado,cobrada,betaald,voldaan,betald,betalt,paid on,paid at,paid date,date paid," +
      "payment date,bezahlt am,zahlungsdatum,zahlung am,zahlungseingang,paye le,payee le,regle le,reglee le,date de paiement,date paiement," +
      "date de reglement,pagato il,data pagamento,data di pagamento,pagado el,fecha de pago,fecha pago,betaald op,betaaldatum,betalningsdatum,betalingsdato,data zaplaty",
    is_test:
      "test,is test,test order,test mode,testmode,is test order,testbestellung,commande test,ordine di prova,pedido de prueba",
    channel:
      "channel,sales channel,source,order source,source name,kanal,vertriebskanal,verkaufskanal,quelle,canal,canal de vente," +
      "canale,canale di vendita,canal de venta,origine,origen,store type",
  },
  touchpoints: {
    id: "id,event id,eventid,uuid,message id,activity id,ereignis id,id evenement,id evento,touchpoint id",
    customer_id: CUSTOMER_ID,
    type:
      "event,event type,event name,action,activity,activity type,touchpoint,touchpoint type,interaction,interaction type,type," +
      "ereignis,ereignistyp,aktion,aktivitat,typ,evenement,type d evenement,evento,tipo evento,tipo di evento,tipo de evento," +
      "tipo,azione,accion,event action,metric",
    at:
      "at,event time,event date,timestamp,occurred at,happened at,date,datetime,date time,time,created at,sent at,event timestamp," +
      "zeitpunkt,datum,zeit,uhrzeit,ereigniszeit,date evenement,horodatage,date heure,data,data ora,data evento,fecha,fecha hora," +
      "fecha evento,event at,interaction date,activity date",
    channel:
      "channel,medium,source,source medium,kanal,quelle,canal,canale,utm medium,utm source,fonte,fuente,medio,marketing channel",
    campaign:
      "campaign,campaign name,campaign id,utm campaign,kampagne,kampagnenname,campagne,nom de campagne,campagna,nome campagna," +
      "campana,nombre campana,newsletter name,subject,betreff",
  },
};

/** How a name says that it holds a number: `No.`, `Nr`, `N°`, `#`. */
const NUMBER_WORDS = /\b(?:number|num|nr|nro|numero|nummer)\b/g;
const NUMBER_SIGNS = /\bn[\u00b0\u00ba]|\u2116|#/giu;
/** Written as one with what is numbered: `Bestelnr.`, `Rechnungsnummer`. */
const GLUED_NUMBER = /(?<=[a-z]{3})(?:nummer|nr)\b/g;
const SMALL_WORDS = /\b(?:of|the|de|do|da|dos|das|du|des|la|le|les|del|della|di|dell|der|d|l)\b/g;
/** What the amount is, beside whose: `Grand Total (Base)`, `Order Total (inc tax)`. */
const IN_BRACKETS = /\([^()]*\)/g;

/** One form for the ways a name can be spelled: `N\u00ba de pedido`, `No. pedido` and `Numero pedido` are one. */
export function plainHeader(name: string): string {
  return foldWords(name.replace(NUMBER_SIGNS, " number "))
    .replace(GLUED_NUMBER, " number")
    .replace(NUMBER_WORDS, "no")
    .replace(SMALL_WORDS, " ")
    .replace(/ +/g, " ")
    .trim();
}

const CURRENCY_IN_NAME = /(?:\bin\s+)?(?:\p{Sc}|\b[A-Z]{3}$)/gu;

/** `Betrag CHF`, `Summe in €`: without the currency; null where none is named. */
export function withoutCurrency(name: string): string | null {
  const bare = name
    .trim()
    .replace(CURRENCY_IN_NAME, (found) => (/\p{Sc}/u.test(found) || isCurrency(found.slice(-3)) ? " " : found))
    .trim();
  return bare === "" || bare === name.trim() ? null : bare;
}

/** Without what stands in brackets; null where nothing does. */
export function withoutBrackets(name: string): string | null {
  const bare = name.replace(IN_BRACKETS, " ").trim();
  return bare === "" || bare.length === name.trim().length ? null : bare;
}

const books = new Map<FileKind, Map<Field, Map<string, number>>>();
const plainBooks = new Map<FileKind, Map<Field, Map<string, number>>>();

/** As `headerWords`, by the one form of each name. */
export function plainHeaderWords(kind: FileKind): Map<Field, Map<string, number>> {
  const known = plainBooks.get(kind);
  if (known !== undefined) return known;
  const book = new Map<Field, Map<string, number>>();
  for (const [field, words] of headerWords(kind)) {
    const plain = new Map<string, number>();
    for (const [word, sure] of words) {
      const form = plainHeader(word);
      if (form !== "" && !plain.has(form)) plain.set(form, sure);
    }
    book.set(field, plain);
  }
  plainBooks.set(kind, book);
  return book;
}

/** Field -> folded column name -> how sure it makes us (0.6 to 1). */
export function headerWords(kind: FileKind): Map<Field, Map<string, number>> {
  const known = books.get(kind);
  if (known !== undefined) return known;
  const book = new Map<Field, Map<string, number>>();
  const wanted: Partial<Record<Field, string>> = { ...COMMON, ...BY_KIND[kind] };
  for (const [field, list] of Object.entries(wanted) as [Field, string][]) {
    // Object.entries forgets the key type.
    const words = list.split(",");
    book.set(field, new Map(words.map((word, index) => [word, 1 - (0.4 * index) / words.length])));
  }
  // Nobody has consented by a column of an orders file, and a list of people has no sales channel.
  books.set(kind, book);
  return book;
}

/** Whether a column of a list of people is called as the field is, in any spelling. */
export function isCalled(field: Field, name: string): boolean {
  const folded = foldWords(name);
  const words = headerWords("people").get(field);
  if (words?.has(folded) === true || words?.has(folded.replaceAll(" ", "")) === true) return true;
  return plainHeaderWords("people").get(field)?.has(plainHeader(name)) === true;
}

let everyName: Set<string> | undefined;

/** Whether a cell is a name we know a column by, in any kind of file. */
export function isHeaderWord(cell: string): boolean {
  everyName ??= new Set(
    FILE_KINDS.flatMap((kind) => [...headerWords(kind).values()].flatMap((words) => [...words.keys()])),
  );
  const folded = foldWords(cell);
  return everyName.has(folded) || everyName.has(folded.replaceAll(" ", ""));
}
