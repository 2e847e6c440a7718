/** Columns about somebody else than the customer: the shop itself, its people, whoever looks after the account. */
import type { Field } from "./settings.ts";
import { foldWords } from "./words.ts";

/** Fields that say who somebody is or where they live. */
const PERSONAL: ReadonlySet<Field> = new Set<Field>([
  "id",
  "customer_id",
  "loyalty_id",
  "email",
  "phone",
  "first_name",
  "last_name",
  "full_name",
  "company",
  "postcode",
  "city",
]);
const NUMBERED: ReadonlySet<Field> = new Set<Field>(["id", "customer_id", "loyalty_id", "email", "phone"]);

const phrases = (text: string): RegExp =>
  new RegExp(
    `\\b(?:${text
      .trim()
      .split(/\s*,\s*/)
      .join("|")})\\b`,
  );

const OTHERS = phrases(`
  owner, owners, owned by, rep, reps, sales rep, representative, salesperson, sales person, salesman, seller, agent, manager, account manager, account executive, staff,
  staff member, employee, employees, cashier, clerk, operator, server, waiter, host, stylist, technician, driver, courier, consultant, advisor, adviser, assigned to, assigned,
  assignee, created by, modified by, updated by, changed by, entered by, processed by, handled by, served by, sold by, taken by, store, shop, branch, outlet, location,
  warehouse, register, terminal, merchant, vendor, supplier, distributor, manufacturer, franchise, billing from, from, sender, reply to, referrer, referred by,
  referring, referral, emergency, next of kin, spouse, secretary, fax, fax number, telefax, bcc, cc,
  inhaber, betreuer, kundenbetreuer, ansprechpartner intern, verkaufer, verkauferin, vertreter, vertrieb, berater, sachbearbeiter, mitarbeiter, mitarbeiterin, kassierer,
  kassiererin, bediener, bearbeiter, filiale, laden, geschaft, lieferant, handler, absender, faxnummer, angelegt von, erstellt von, geandert von,
  proprietaire, vendeur, vendeuse, conseiller, conseillere, employe, employee, caissier, caissiere, magasin, boutique, fournisseur, marchand, expediteur,
  responsable, cree par, modifie par, telecopie, propietario, vendedor, vendedora, empleado, empleada, cajero, cajera, asesor, tienda, sucursal, proveedor,
  remitente, creado por, modificado por, proprietario, venditore, commesso, commessa, dipendente, cassiere, consulente, agente, negozio, filiale, punto vendita, fornitore,
  mittente, creato da, modificato da, eigenaar, verkoper, medewerker, kassier, kassamedewerker, winkel, filiaal, leverancier, afzender, aangemaakt door, funcionario, caixa, loja, fornecedor,
  remetente, criado por, saljare, anstalld, butik, leverantor, medarbejder, saelger, ansat, selger, forretning, leverandor, myyja, myymala`);

const COUNTS = phrases(`
  points, point balance, balance, punkte, punktestand, guthaben, saldo, puntos, punti, punten, pontos, poang, credits, credit, count, counts, total orders, orders count, order count,
  number of, no of, num of, nb of, anzahl, nombre de, numero de pedidos, numero de compras, numero de commandes, numero ordini, aantal, quantidade, antal, total, totals, spent, spend, revenue, visits, besuche, visites, visitas, tier, level, rank, stage, score, rating, rate, average, avg,
  lifetime, ltv, value, amount, since, date, expiry, expires, status, enabled, discount, stufe`);

/** The person themselves, whatever else is in the name. */
const THEMSELVES =
  /^(?:customer|kunde|kunden|client|cliente|buyer|member|guest|klant|kund|asiakas|contact|billing|shipping|bill to|ship to)\b/;
const KEEPS = /\b(?:owner|rep|manager|agent|betreuer|fax|count|total|points|from|status)\b/;

/** Why a column of this name cannot feed the field; null: it may. */
export function isBystander(field: Field, name: string): boolean {
  if (!PERSONAL.has(field)) return false;
  const folded = foldWords(name);
  if (NUMBERED.has(field) && COUNTS.test(folded)) return true;
  if (!OTHERS.test(folded)) return false;
  return !THEMSELVES.test(folded) || KEEPS.test(folded);
}
