/** Words of order files: states of orders, and what kind of row a row is. */
import type { KnownExport, OrderState, RowRole } from "./exports/known-export.ts";
import { foldWords, table } from "./words.ts";

const orderState = table<OrderState>({
  paid:
    "paid,paid out,complete,completed,closed,fulfilled,shipped,delivered,succeeded,success,successful,ok,settled,captured,approved,sold," +
    "processed,paid in full,fully paid,sale,cleared,picked up,collected,ready for pickup,awaiting pickup,awaiting fulfillment," +
    "awaiting shipment,partially fulfilled,partially shipped,dispatched,in transit,out for delivery,won,closed won," +
    "payment accepted,payment received,processing in progress,on backorder paid," +
    "bezahlt,abgeschlossen,geliefert,versendet,verschickt,versandt,ausgeliefert,zugestellt,abgeholt,erledigt,beglichen," +
    "komplett bezahlt,vollstandig bezahlt,komplett abgeschlossen,komplett ausgeliefert,zahlung erhalten,zahlung eingegangen," +
    "teilweise versendet,teilweise geliefert,verkauft,gewonnen,erfolgreich,abgerechnet," +
    "payee,paye,payes,reglee,regle,acquittee,acquitte,encaissee,encaisse,termine,terminee,livre,livree,expediee,expedie," +
    "paiement accepte,paiement recu,preparation en cours,en cours de preparation,en cours de livraison,vendu,vendue,reussi," +
    "reussie,gagne,soldee," +
    "pagato,pagata,saldato,saldata,incassato,incassata,completato,completata,spedito,spedita,consegnato,consegnata,evaso,evasa," +
    "pagamento accettato,pagamento ricevuto,preparazione in corso,venduto,venduta,riuscito,vinto," +
    "pagado,pagada,cobrado,cobrada,completado,completada,enviado,enviada,entregado,entregada,pago aceptado,pago recibido," +
    "preparacion en curso,vendido,vendida,finalizado,finalizada,exitoso,ganado," +
    "betaald,voldaan,voltooid,afgerond,verzonden,geleverd,bezorgd,afgeleverd,afgehaald,verkocht,geslaagd,betaling ontvangen," +
    "betaling aanvaard,pago,paga,entregue,concluido,concluida,betald,skickad,levererad,betalt,afsendt,leveret,sendt",
  pending:
    "pending,open,processing,new,unpaid,authorized,authorised,on hold,draft,incomplete,uncaptured,layby,layaway,saved,parked," +
    "awaiting payment,payment pending,pending payment,held,holded,awaiting confirmation,awaiting approval,quote,quotation," +
    "estimate,proforma,in progress,overdue,past due,due,outstanding,submitted,payment review,under review,in review," +
    "pending review,manual verification required,checkout draft,on backorder,on backorder not paid,backordered,disputed," +
    "under dispute,requires capture,requires action,requires confirmation,requires payment method,awaiting bank wire payment," +
    "awaiting check payment,awaiting cheque payment,awaiting cash on delivery validation,unfulfilled,reserved," +
    "appointment scheduled,qualified to buy,presentation scheduled,decision maker bought in,contract sent,negotiation,proposal," +
    "proposal sent,qualification,qualified,prospecting," +
    "offen,ausstehend,neu,unbezahlt,uberfallig,fallig,in bearbeitung,in bearbeitung wartet,wartend,wartet,zuruckgestellt," +
    "wartet auf zahlung,warten auf zahlung,zahlung ausstehend,zahlung offen,gemahnt,angebot,entwurf,reserviert,vorgemerkt," +
    "klarung notwendig," +
    "en attente,attente,en attente de paiement,en attente du paiement,en cours,en cours de traitement,impayee,impaye,a payer," +
    "en retard,brouillon,devis,nouvelle,nouveau,ouverte,ouvert," +
    "in attesa,in attesa di pagamento,in attesa del pagamento,in sospeso,sospeso,in lavorazione,in elaborazione,insoluto," +
    "insoluta,da pagare,bozza,preventivo,aperto,aperta,nuovo," +
    "pendiente,pendiente de pago,pago pendiente,en espera,a la espera,en espera de pago,en proceso,procesando,impagado," +
    "impagada,sin pagar,borrador,presupuesto,vencido,vencida,abierto,abierta,nuevo," +
    "in afwachting,in afwachting van betaling,in behandeling,openstaand,onbetaald,wacht op betaling,in de wacht,nieuw,concept," +
    "offerte,pendente,pagamento pendente,aguardando pagamento,obetald,vantar,ubetalt,afventer",
  failed:
    "failed,fail,failure,declined,denied,error,rejected,expired,incomplete expired,blocked,abandoned,unsuccessful,insufficient funds," +
    "timeout,timed out,payment error,canceled by bank,fraud,fraudulent,suspected fraud," +
    "fehlgeschlagen,gescheitert,abgelehnt,abgelaufen,zahlungsfehler," +
    "echoue,echouee,echec,refuse,refusee,rejetee,erreur,erreur de paiement,expiree,expire,abandonnee,abandonne," +
    "fallito,fallita,rifiutato,rifiutata,respinto,errore,errore di pagamento,errore pagamento,abbandonato,abbandonata," +
    "fallido,fallida,rechazado,rechazada,error de pago,error en pago,error en el pago,caducado,caducada,abandonado,abandonada," +
    "mislukt,geweigerd,afgewezen,verlopen,betalingsfout,falhou,recusado,misslyckades,mislykket",
  cancelled:
    "cancelled,canceled,cancel,void,voided,deleted,removed,trash,trashed,aborted,lost,closed lost," +
    "storniert,storno,abgebrochen,der vorgang wurde abgebrochen,geloscht,verloren," +
    "annule,annulee,supprimee,supprime,perdu,perdue," +
    "annullato,annullata,cancellato,cancellata,eliminato,perso,persa," +
    "cancelado,cancelada,anulado,anulada,eliminado,eliminada,perdido,perdida," +
    "geannuleerd,verwijderd,makulerad,avbruten,annulleret,kansellert",
  refunded:
    "refunded,returned,refund,return,chargeback,chargedback,charged back,fully refunded,full refund,reversed,credited,dispute lost," +
    "erstattet,ruckerstattet,zuruckerstattet,zuruckgezahlt,gutgeschrieben,retoure,retourniert,zuruckgegeben,zuruckgebucht," +
    "rembourse,remboursee,retournee,retourne,rimborsato,rimborsata,reso,restituito,stornato,stornata," +
    "reembolsado,reembolsada,devuelto,devuelta,terugbetaald,geretourneerd,gecrediteerd,aterbetald,refunderet",
  partly_refunded:
    "partially refunded,partial refund,partially returned,partly refunded,partly returned,refunded partially,part refunded," +
    "teilweise erstattet,teilerstattet,teilweise zuruckerstattet,teilweise zuruckgezahlt,teilweise retourniert,teilretoure," +
    "partiellement rembourse,partiellement remboursee,remboursee partiellement,rembourse partiellement,remboursement partiel," +
    "parzialmente rimborsato,parzialmente rimborsata,rimborsato parzialmente,rimborso parziale," +
    "parcialmente reembolsado,parcialmente reembolsada,reembolsado parcialmente,reembolso parcial," +
    "gedeeltelijk terugbetaald,deels terugbetaald",
  partly_paid:
    "partially paid,partly paid,part paid,partial payment,deposit paid,teilweise bezahlt,teilbezahlt,angezahlt," +
    "partiellement paye,partiellement payee,payee partiellement,acompte verse,parzialmente pagato,parzialmente pagata," +
    "acconto versato,parcialmente pagado,parcialmente pagada,pago parcial,gedeeltelijk betaald,deels betaald,aanbetaald",
});

/** What the state is of, said once more: `Order shipped`, `Payment failed`, `Bestellung storniert`. */
const SUBJECT =
  /^(?:order|payment|transaction|invoice|sale|deal|bestellung|zahlung|rechnung|auftrag|commande|facture|paiement|ordine|pagamento|fattura|pedido|pago|factura|bestelling|betaling|factuur) (?=[a-z])/;
/** Whatever is waited for: `En attente du paiement par chèque`. What comes after the money is listed above. */
const WAITING =
  /^(?:awaiting|waiting|pending|en attente|in attesa|pendiente|esperando|a la espera|wartet?|warten|in erwartung|in afwachting|wacht) /;
/** Not paid, not sent: whatever it is, the money has not come. */
const NOT_YET = /^(?:not(?: yet)?|nicht|noch nicht|non|pas|pas encore|no|aun no|niet|nog niet|nao|ikke|inte) (?=[a-z])/;

const rowRole = table<RowRole>({
  sale:
    "sale,sales,order,purchase,charge,invoice,sold,checkout,verkauf,kauf,rechnung,vente,achat,facture,vendita,acquisto," +
    "venta,compra,bestellung,commande,ordine,pedido,pos sale,online sale,exchange,receipt,quittung,recu,ricevuta,recibo",
  detail: "sale line,line,line item,order line,item line,position,ligne,riga,linea",
  tender: "payment,tender,tendered,zahlung,paiement,pagamento,pago,payment received,capture,deposit payment",
  refund:
    "refund,refunds,refunded,return,returns,returned,sales return,credit,credit note,credit memo,reversal,chargeback,dispute," +
    "gutschrift,retoure,erstattung,ruckerstattung,ruckgabe,remboursement,avoir,retour,rimborso,reso,nota di credito," +
    "reembolso,devolucion,abono,partial refund,payment refund,full refund,storno,ruckzahlung",
  void: "void,voided,cancellation,cancelled,canceled,stornierung,annulation,annullamento,anulacion",
  other:
    "fee,fees,payout,payouts,transfer,withdrawal,adjustment,bank deposit,stripe fee,application fee,topup,top up,gebuhr," +
    "auszahlung,frais,virement,commissione,comision,retiro,cash in,cash out,paid in,paid out,no sale,float",
});

/** WooCommerce's database writes `wc-completed`. */
const DATABASE_PREFIX = /^wc (?=[a-z])/;

export function stateOf(text: string, known: KnownExport | null): OrderState | null {
  const written = foldWords(text);
  const word = written.replace(DATABASE_PREFIX, "");
  // Other systems say so of orders nobody has paid yet.
  if (word !== written && word === "processing") return "paid";
  if (known?.states !== undefined && Object.hasOwn(known.states, word)) return known.states[word] ?? null;
  const found = orderState(word) ?? negated(word) ?? orderState(word.replace(SUBJECT, "")) ?? inPlainDetail(text);
  return found ?? (WAITING.test(word) ? "pending" : null);
}

const DETAIL = /\s[-\u2013\u2014:]\s/;
const TURNED =
  /\b(?:not|no|non|nicht|niet|return|returned|reject\w*|refus\w*|lost|damag\w*|cancel\w*|fail\w*|undeliver\w*|declin\w*|dispute\w*|retour\w*|zuruck\w*|storn\w*|abgelehnt|verloren|rembours\w*|annul\w*)\b/;

/** `Shipped - Delivered to Buyer`: a state and more about it; not where the rest turns it around. */
function inPlainDetail(text: string): OrderState | null {
  const [state, ...details] = text.split(DETAIL);
  if (state === undefined || details.length === 0 || details.some((detail) => TURNED.test(foldWords(detail))))
    return null;
  const found = orderState(state);
  return details.every((detail) => [null, found].includes(orderState(detail))) ? found : null;
}

function negated(word: string): OrderState | null {
  const plain = word.replace(SUBJECT, "");
  return NOT_YET.test(plain) && orderState(plain.replace(NOT_YET, "")) === "paid" ? "pending" : null;
}

export function roleOf(text: string, known: KnownExport | null): RowRole | null {
  const word = foldWords(text);
  if (known?.roles !== undefined && Object.hasOwn(known.roles, word)) return known.roles[word] ?? null;
  return rowRole(word) ?? rowRole(word.replace(WHOSE, ""));
}

/** Whose it is, said once more: `Sales invoice`, `Customer refund`. */
const WHOSE = /^(?:sales?|customer|client|pos|online|web|website|store|shop|card|cash) (?=[a-z])/;

const TOTAL_ROW =
  /^(?:grand |sub ?|sum |report |overall )?totals?$|^(?:gesamt|gesamtsumme|gesamtbetrag|summe|zwischensumme|endsumme|somme|totale|totali|totale generale|total general|totales|suma|sum|sub totale|sous total|total der|totaux)$/;

/** How such words begin: folding every cell of a file would cost as much as reading it. */
const TOTAL_START = /^[^\p{L}]*(?:tot|ges|sum|zwi|end|som|sub|sous|gra|rep|ove)/iu;

/** The word by which a report calls its last row. */
export function isTotalWord(text: string): boolean {
  return text.length < 40 && TOTAL_START.test(text) && TOTAL_ROW.test(foldWords(text));
}
