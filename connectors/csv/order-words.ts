/** Words of order files: states of orders, and what kind of row a row is. */
import type { KnownExport, OrderState, RowRole } from "./exports/known-export.ts";
import { foldWords, table } from "./words.ts";

const orderState = table<OrderState>({
  paid:
    "paid,complete,completed,closed,fulfilled,shipped,delivered,succeeded,success,successful,ok,settled,captured,bezahlt," +
    "abgeschlossen,geliefert,versendet,payee,paye,termine,livre,pagato,completato,spedito,pagado,completado,enviado,sold," +
    "processed,paid in full,sale,cleared,picked up,ready for pickup,awaiting fulfillment,awaiting shipment,partially fulfilled," +
    "partially shipped",
  pending:
    "pending,open,processing,new,unpaid,authorized,authorised,on hold,offen,ausstehend,neu,en attente,in attesa,pendiente," +
    "awaiting payment,payment pending,pending payment,draft,incomplete,uncaptured,layby,layaway,saved,parked,unbezahlt," +
    "held,awaiting confirmation,quote,in progress",
  failed: "failed,declined,denied,error,fehlgeschlagen,echoue,fallito,fallido,rejected,expired,blocked,abandoned",
  cancelled:
    "cancelled,canceled,void,voided,storniert,storno,abgebrochen,annule,annulee,annullato,cancelado,cancelada,anulado,deleted," +
    "removed",
  refunded:
    "refunded,returned,refund,return,chargeback,chargedback,charged back,fully refunded,full refund,erstattet,retoure," +
    "zuruckgegeben,rembourse,remboursee,rimborsato,reembolsado,devuelto,reversed,credited,dispute lost",
  partly_refunded:
    "partially refunded,partial refund,partially returned,partly refunded,partly returned,refunded partially,part refunded," +
    "teilweise erstattet,teilerstattet,partiellement rembourse,parzialmente rimborsato,parcialmente reembolsado," +
    "rimborsato parzialmente,reembolsado parcialmente",
  partly_paid:
    "partially paid,partly paid,part paid,partial payment,deposit paid,teilweise bezahlt,teilbezahlt,partiellement paye," +
    "parzialmente pagato,parcialmente pagado",
});

const rowRole = table<RowRole>({
  sale:
    "sale,sales,order,purchase,charge,invoice,sold,checkout,verkauf,kauf,rechnung,vente,achat,facture,vendita,acquisto," +
    "venta,compra,bestellung,commande,ordine,pedido,pos sale,online sale,exchange",
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
  return orderState(word);
}

export function roleOf(text: string, known: KnownExport | null): RowRole | null {
  const word = foldWords(text);
  if (known?.roles !== undefined && Object.hasOwn(known.roles, word)) return known.roles[word] ?? null;
  return rowRole(word);
}

const TOTAL_ROW =
  /^(?:grand |sub ?|sum |report |overall )?totals?$|^(?:gesamt|gesamtsumme|gesamtbetrag|summe|zwischensumme|endsumme|somme|totale|totali|totale generale|total general|totales|suma|sum|sub totale|sous total|total der|totaux)$/;

/** How such words begin: folding every cell of a file would cost as much as reading it. */
const TOTAL_START = /^[^\p{L}]*(?:tot|ges|sum|zwi|end|som|sub|sous|gra|rep|ove)/iu;

/** The word by which a report calls its last row. */
export function isTotalWord(text: string): boolean {
  return text.length < 40 && TOTAL_START.test(text) && TOTAL_ROW.test(foldWords(text));
}
