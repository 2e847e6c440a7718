import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { OrderRecord, PersonRecord } from "../core/records.ts";
import type { GuessOptions } from "./guess.ts";
import { fileOf, readAll, recordsOf, rejectsOf, withFolder } from "./testing.ts";

interface Read {
  export: string | null;
  /** id, amount, refunded, currency, status. */
  orders: unknown[][];
  people: PersonRecord[];
  records: OrderRecord[];
  rejects: string[];
}

const read = (name: string, content: string | Buffer, options: Partial<GuessOptions> = {}): Promise<Read> =>
  withFolder(async (folder) => {
    const file = await fileOf(join(folder, name), content, options);
    const pages = await readAll([file], file.kind);
    const records = recordsOf(pages).filter((record) => record.kind === "order");
    return {
      export: file.export,
      orders: records.map((order) => [order.id, order.amountMinor, order.refundedMinor, order.currency, order.status]),
      people: recordsOf(pages).filter((record) => record.kind === "person"),
      records,
      rejects: rejectsOf(pages).map(({ ref, reason }) => `${ref}: ${reason}`),
    };
  });

const lines = (...rows: string[]): string => `${rows.join("\n")}\n`;

describe("shops", () => {
  it("reads Amazon's price of a row as that of all its pieces", async () => {
    const found = await read(
      "orders.txt",
      lines(
        "order-id\torder-item-id\tpurchase-date\tbuyer-email\tquantity-purchased\tcurrency\titem-price",
        "203-1\t61\t2026-02-01T23:30:00+00:00\tx1@marketplace.amazon.co.uk\t3\tGBP\t30.00",
        "203-1\t62\t2026-02-01T23:30:00+00:00\tx1@marketplace.amazon.co.uk\t1\tGBP\t5.00",
      ),
    );
    expect(found).toMatchObject({ export: "amazon-orders", orders: [["203-1", 3500, 0, "GBP", "paid"]] });
    const all = await read(
      "all-orders.txt",
      lines(
        "amazon-order-id\tpurchase-date\torder-status\tquantity\tcurrency\titem-price",
        "026-1\t2026-02-03T09:00:00+00:00\tShipped - Delivered to Buyer\t3\tGBP\t30.00",
        "026-2\t2026-02-03T10:00:00+00:00\tPending\t1\tGBP\t7.00",
      ),
    );
    expect(all).toMatchObject({
      export: "amazon-all-orders",
      orders: [
        ["026-1", 3000, 0, "GBP", "paid"],
        ["026-2", 700, 0, "GBP", "pending"],
      ],
    });
  });

  it("reads GoCardless' payments", async () => {
    const found = await read(
      "payments.csv",
      lines(
        "id,created_at,charge_date,amount,currency,status,amount_refunded,customers.id,customers.email",
        "PM1,2026-03-04T10:15:00.000Z,2026-03-08,30.00,GBP,confirmed,10.0,CU01,iris@brightleaf.co.uk",
        "PM2,2026-03-07T10:15:00.000Z,2026-03-11,30.00,GBP,charged_back,0.0,CU02,otto@brightleaf.co.uk",
        "PM3,2026-03-08T10:15:00.000Z,2026-03-12,9.00,GBP,pending_submission,0.0,CU02,otto@brightleaf.co.uk",
      ),
    );
    expect(found).toMatchObject({
      export: "gocardless-payments",
      orders: [
        ["PM1", 3000, 1000, "GBP", "paid"],
        ["PM2", 3000, 3000, "GBP", "refunded"],
        ["PM3", 900, 0, "GBP", "pending"],
      ],
    });
  });

  it("reads QuickBooks' sales by customer, their groups and sums apart", async () => {
    const found = await read(
      "sales.csv",
      lines(
        "Larch & Loom,,,,,",
        "Sales by Customer Detail,,,,,",
        ",Date,Transaction Type,Num,Amount,Balance",
        "Ann Bee,,,,,",
        ",13/01/2026,Invoice,1001,20.00,20.00",
        ",14/01/2026,Credit Memo,1002,-5.00,15.00",
        "Total for Ann Bee,,,,15.00,",
      ),
    );
    expect(found).toMatchObject({
      export: "quickbooks-sales",
      orders: [
        ["1001", 2000, 0, "GBP", "paid"],
        ["1002", 0, 500, "GBP", "refunded"],
      ],
    });
    expect(found.rejects).toHaveLength(2);
  });

  const SHOPIFY =
    "Name,Email,Financial Status,Paid at,Currency,Subtotal,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Billing Name,Billing Country,Receipt Number,Refunded Amount,Outstanding Balance,Source,Phone";

  it("reads Shopify's orders by their name, with money back and money still to come", async () => {
    const found = await read(
      "orders_export_1.csv",
      lines(
        SHOPIFY,
        "#1,iris@brightleaf.co.uk,paid,2026-03-04 10:15:00 -0500,USD,40.00,54.00,2026-03-04 10:15:00 -0500,1,Mug,20.00,Iris Wren,US,,0.00,0.00,web,'+16175550188",
        "#1,iris@brightleaf.co.uk,,,,,,2026-03-04 10:15:00 -0500,1,Mug,20.00,,,,,,,",
        "#2,otto@brightleaf.co.uk,partially_refunded,,USD,100,100.00,2026-03-04 10:15:00 -0500,1,Rug,100.00,Otto Hale,US,,20.00,0.00,pos,",
        "#3,otto@brightleaf.co.uk,partially_paid,,USD,90,90.00,2026-03-05 10:15:00 -0500,1,Pan,90.00,Otto Hale,US,,0.00,30.00,web,",
        "#4,otto@brightleaf.co.uk,voided,,USD,9,9.00,2026-03-05 10:15:00 -0500,1,Pin,9.00,Otto Hale,US,,0.00,0.00,web,",
        "#5,otto@brightleaf.co.uk,authorized,,JPY,900,900,2026-03-05 10:15:00 -0500,1,Pin,900,Otto Hale,US,,0,0,web,",
      ),
    );
    expect(found).toMatchObject({ export: "shopify-orders", rejects: [] });
    expect(found.orders).toEqual([
      ["#1", 5400, 0, "USD", "paid"],
      ["#2", 10_000, 2000, "USD", "paid"],
      ["#3", 6000, 0, "USD", "paid"],
      ["#4", 900, 0, "USD", "cancelled"],
      ["#5", 900, 0, "JPY", "pending"],
    ]);
    expect(found.records.map(({ channel }) => channel)).toEqual(["online", "store", "online", "online", "online"]);
    expect(found.records[0]?.placedAt).toBe("2026-03-04T15:15:00.000Z");
    expect(found.people[0]).toMatchObject({ phones: ["+16175550188"], country: "US" });
  });

  it("knows Shopify's orders whatever the order of columns, with a mark, semicolons and a later column", async () => {
    const found = await read(
      "bestellungen.csv",
      `\ufeff${lines(
        "Total;Lineitem name;Created at;FINANCIAL STATUS;Email;Name;Currency;Duties",
        "12.50;Tea;2026-06-01 00:30:00 +0200;refunded;ivo@brightleaf.co.uk;#77;EUR;",
      )}`,
    );
    expect(found).toMatchObject({ export: "shopify-orders", orders: [["#77", 1250, 1250, "EUR", "refunded"]] });
    expect(found.records[0]?.placedAt).toBe("2026-05-31T22:30:00.000Z");
  });

  it("reads Shopify's customers, old form and new, in their own country", async () => {
    const recent = await read(
      "customers_export.csv",
      lines(
        "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address City,Default Address Country Code,Default Address Zip,Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Tags",
        "'7011,Ines,'t Hart,ines@brightleaf.co.uk,yes,Boston,US,'02134,,'+16172223344,no,\"1,204.50\",7,vip",
      ),
    );
    expect(recent.export).toBe("shopify-customers");
    expect(recent.people[0]).toMatchObject({
      ...{ id: "7011", lastName: "'t Hart", country: "US", postcode: "02134", phones: ["+16172223344"] },
    });
    const older = await read(
      "customers.csv",
      lines(
        "First Name,Last Name,Email,Company,Address1,City,Province,Country,Country Code,Zip,Phone,Accepts Marketing,Total Spent,Total Orders",
        "Ruth,Ives,ruth@brightleaf.co.uk,,1 Elm,Toronto,ON,Canada,CA,'M5V 2T6,,no,10.00,1",
      ),
    );
    expect(older).toMatchObject({ export: "shopify-customers-older", orders: [] });
    expect(older.people[0]).toMatchObject({ country: "CA", postcode: "M5V 2T6" });
  });

  it("counts a WooCommerce order once however many lines it has, and knows that processing is paid", async () => {
    const found = await read(
      "orders.csv",
      lines(
        "Order Number,Order Status,Order Date,Email (Billing),Order Total Amount,Order Refund Amount,Item Name,Quantity (- Refund),Item Cost",
        "81,Processing,2026-02-10 14:05,eve@brightleaf.co.uk,50.00,0,Scarf,1,25.00",
        "81,Processing,2026-02-10 14:05,eve@brightleaf.co.uk,50.00,0,Hat,1,20.00",
        "82,wc-completed,2026-02-11 14:05,eve@brightleaf.co.uk,30.00,30.00,Hat,1,30.00",
        "83,On hold,2026-02-11 14:05,eve@brightleaf.co.uk,10.00,0,Hat,1,10.00",
        "84,Sideways,2026-02-11 14:05,eve@brightleaf.co.uk,10.00,0,Hat,1,10.00",
        "84,Processing,2026-02-11 14:05,eve@brightleaf.co.uk,10.00,0,Sock,1,10.00",
      ),
    );
    expect(found.export).toBe("woocommerce-orders-lines");
    expect(found.orders).toEqual([
      ["81", 5000, 0, "GBP", "paid"],
      ["82", 3000, 3000, "GBP", "refunded"],
      ["83", 1000, 0, "GBP", "pending"],
    ]);
    expect(found.rejects).toEqual([
      'line 6: Column "Order Status" holds a status we do not know.',
      "line 7: Another row of this order cannot be used, so that the order was left out whole.",
    ]);
  });

  it("reads Etsy's American dates and adds its items up", async () => {
    const found = await read(
      "EtsySoldOrderItems2026.csv",
      lines(
        "Sale Date,Item Name,Buyer,Quantity,Price,Item Total,Currency,Transaction ID,Listing ID,Ship Name,Ship Country,Order ID",
        "03/04/26,Ring,wren1,1,20.00,20.00,EUR,9001,1,Iris Wren,Ireland,31",
        "03/04/26,Ring,wren1,1,20.00,20.00,EUR,9002,1,Iris Wren,Ireland,31",
      ),
    );
    expect(found).toMatchObject({ export: "etsy-order-items", orders: [["31", 4000, 0, "EUR", "paid"]] });
    expect(found.records[0]?.placedAt).toBe("2026-03-04T00:00:00.000Z");
  });
});

describe("tills", () => {
  it("adds Square's items up in the zone each row names, and takes returns off", async () => {
    const found = await read(
      "items-2026-02.csv",
      lines(
        "Date,Time,Time Zone,Category,Item,Qty,Gross Sales,Discounts,Net Sales,Tax,Transaction ID,Event Type,Customer ID,Customer Name",
        "2026-02-01,09:05:00,Eastern Time (US & Canada),Drinks,Latte,1.0,$4.50,$0.00,$4.50,$0.40,T1,Payment,C1,Gail Monk",
        "2026-02-01,09:05:00,Eastern Time (US & Canada),Drinks,Latte,1.0,$4.50,$0.00,$4.50,$0.40,T1,Payment,C1,Gail Monk",
        '2026-07-01,23:30:00,Pacific Time (US & Canada),Food,Beans,1.0,"$1,030.00",$0.00,"$1,030.00",$0.00,T2,Payment,,',
        "2026-07-02,09:00:00,Arizona,Food,Beans,-1.0,$(30.00),$0.00,$(30.00),$0.00,T3,Refund,C1,Gail Monk",
        "2026-07-02,09:00:00,Moon Base,Food,Beans,1.0,$3.00,$0.00,$3.00,$0.00,T4,Payment,,",
      ),
    );
    expect(found.export).toBe("square-items");
    expect(found.orders).toEqual([
      ["T1", 900, 0, "USD", "paid"],
      ["T2", 103_000, 0, "USD", "paid"],
      ["T3", 0, 3000, "USD", "refunded"],
    ]);
    expect(found.records.map(({ placedAt }) => placedAt)).toEqual([
      "2026-02-01T14:05:00.000Z",
      "2026-07-02T06:30:00.000Z",
      "2026-07-02T16:00:00.000Z",
    ]);
    expect(found.rejects).toEqual(['line 6: Column "Time Zone" is not a time zone we know.']);
  });

  it("takes what Square collected, in a Canadian business in its own dollars", async () => {
    const found = await read(
      "transactions.csv",
      lines(
        "Date,Time,Time Zone,Gross Sales,Discounts,Net Sales,Tax,Tip,Total Collected,Transaction ID,Event Type",
        "2026-02-01,09:05:00,Newfoundland,$4.50,$0.00,$4.50,$0.50,$1.00,$6.00,T1,Payment",
        "2026-02-03,09:05:00,Newfoundland,-$4.50,$0.00,-$4.50,-$0.50,$0.00,-$5.00,T1R,Refund",
      ),
      { currency: "CAD", country: "CA" },
    );
    expect(found.orders).toEqual([
      ["T1", 600, 0, "CAD", "paid"],
      ["T1R", 0, 500, "CAD", "refunded"],
    ]);
  });

  it("reads Clover's dates with a month's name and an American zone, and its states", async () => {
    const found = await read(
      "Orders-2026.csv",
      lines(
        "Order Date,Order ID,Order Number,Currency,Tax Amount,Order Total,Payments Total,Refunds Total,Customer ID,Customer Name,Order Payment State",
        "07-Mar-2026 02:15 PM EST,AA1,101,USD,1.20,21.20,21.20,0.00,C1,Lou Reyes,Paid",
        "08-Mar-2026 11:15 AM EDT,AA2,102,USD,2.00,35.00,35.00,5.00,C2,Pam Ortiz,Partially Refunded",
        "08-Mar-2026 11:15 AM EDT,AA3,103,USD,2.00,35.00,10.00,0.00,C2,Pam Ortiz,Partially Paid",
        "08-Mar-2026 11:15 AM EDT,AA4,104,USD,2.00,35.00,0.00,0.00,,,Open",
      ),
    );
    expect(found.orders).toEqual([
      ["AA1", 2120, 0, "USD", "paid"],
      ["AA2", 3500, 500, "USD", "paid"],
      ["AA3", 1000, 0, "USD", "paid"],
      ["AA4", 3500, 0, "USD", "pending"],
    ]);
    expect(found.records[0]?.placedAt).toBe("2026-03-07T19:15:00.000Z");
  });

  it("reads Toast's totals, and does not sell what was voided", async () => {
    const found = await read(
      "OrderDetails.csv",
      lines(
        "Location,Order Id,Order #,Checks,Opened,# of Guests,Discount Amount,Amount,Tax,Tip,Gratuity,Total,Voided,Paid,Closed",
        "Harbour,500001,1,1,1/5/26 1:05 PM,2,0.00,20.00,1.60,3.00,0.00,24.60,false,1/5/26 2:00 PM,1/5/26 2:01 PM",
        "Harbour,500002,2,1,1/5/26 1:15 PM,2,0.00,20.00,1.60,0.00,0.00,21.60,true,,",
      ),
      { currency: "USD", country: "US", timeZone: "America/New_York" },
    );
    expect(found).toMatchObject({ export: "toast-orders" });
    expect(found.orders).toEqual([
      ["500001", 2460, 0, "USD", "paid"],
      ["500002", 2160, 0, "USD", "cancelled"],
    ]);
    expect(found.records[0]?.placedAt).toBe("2026-01-05T18:05:00.000Z");
  });

  it("counts a Lightspeed sale once beside its lines and its payments", async () => {
    const found = await read(
      "sales-history.csv",
      lines(
        "Date,Receipt Number,Line Type,Customer Code,Customer Name,Quantity,Subtotal,Sales Tax,Total,Paid,Details,Register,User,Status",
        "2026-04-02 10:00:00,R1,Sale,C-1,Ada Voss,3,25.00,5.00,30.00,30.00,,Till 1,Bo,CLOSED",
        "2026-04-02 10:00:00,R1,Sale Line,C-1,Ada Voss,1,8.33,1.67,10.00,,Mug,Till 1,Bo,CLOSED",
        "2026-04-02 10:00:00,R1,Sale Line,C-1,Ada Voss,2,16.67,3.33,20.00,,Tea,Till 1,Bo,CLOSED",
        "2026-04-02 10:00:00,R1,Payment,C-1,Ada Voss,,,,30.00,30.00,Cash,Till 1,Bo,CLOSED",
        "2026-04-02 10:00:00,R2,Sale,,,1,5.00,0.00,5.00,0.00,,Till 1,Bo,VOIDED",
        "2026-04-02 11:00:00,R3,Sale,,,-1,-5.00,0.00,-5.00,-5.00,,Till 1,Bo,CLOSED",
      ),
    );
    expect(found).toMatchObject({ export: "lightspeed-sales", rejects: [] });
    expect(found.orders).toEqual([
      ["R1", 3000, 0, "GBP", "paid"],
      ["R2", 500, 0, "GBP", "cancelled"],
      ["R3", 0, 500, "GBP", "refunded"],
    ]);
  });
});

describe("payment services", () => {
  it("reads Stripe's own amounts, not converted ones, in UTC, and leaves test payments out", async () => {
    const found = await read(
      "unified_payments.csv",
      lines(
        "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Converted Amount,Converted Amount Refunded,Converted Currency,Mode,Status,Customer ID,Customer Email",
        'ch_1,2026-07-10 23:30:00,"1,500.00",0.00,usd,true,"1,400.00",0.00,eur,Live,Paid,cus_1,zed@brightleaf.co.uk',
        "ch_2,2026-07-10 23:30:00,80.00,30.00,usd,true,74.00,28.00,eur,Live,Partially Refunded,cus_1,zed@brightleaf.co.uk",
        "pi_3,2026-07-10 23:30:00,60.00,0.00,usd,false,,,,Live,requires_payment_method,,kim@brightleaf.co.uk",
        "ch_4,2026-07-10 23:30:00,500,0,jpy,true,,,,Live,Paid,,kim@brightleaf.co.uk",
        "ch_5,2026-07-10 23:30:00,9.00,0,usd,true,,,,Test,Paid,,kim@brightleaf.co.uk",
      ),
    );
    expect(found.orders).toEqual([
      ["ch_1", 150_000, 0, "USD", "paid"],
      ["ch_2", 8000, 3000, "USD", "paid"],
      ["pi_3", 6000, 0, "USD", "pending"],
      ["ch_4", 500, 0, "JPY", "paid"],
    ]);
    expect(found.records[0]?.placedAt).toBe("2026-07-10T23:30:00.000Z");
    expect(found.rejects).toEqual(["line 6: A payment of the test mode: no money moved."]);
  });

  it("tells PayPal's sales from withdrawals, and gives a refund to the customer it went to", async () => {
    const found = await read(
      "Download.CSV",
      lines(
        '"Date","Time","TimeZone","Name","Type","Status","Currency","Gross","Fee","Net","From Email Address","To Email Address","Transaction ID","Reference Txn ID"',
        '"03/25/2026","14:00:00","PDT","Ida Jolly","Express Checkout Payment","Completed","USD","1,050.00","-2.00","1,048.00","ida@brightleaf.co.uk","shop@fernandkettle.com","TX1",""',
        '"03/26/2026","14:00:00","PDT","Ida Jolly","Payment Refund","Completed","USD","-50.00","0.00","-50.00","shop@fernandkettle.com","ida@brightleaf.co.uk","TX2","TX1"',
        '"03/27/2026","14:00:00","PDT","","General Withdrawal","Completed","USD","-900.00","0.00","-900.00","shop@fernandkettle.com","","TX3",""',
        '"03/27/2026","14:00:00","PDT","Pots Ltd","General Payment","Completed","USD","-30.00","0.00","-30.00","shop@fernandkettle.com","pots@brightleaf.co.uk","TX4",""',
      ),
      { currency: "USD", country: "US" },
    );
    expect(found).toMatchObject({ export: "paypal-activity" });
    expect(found.orders).toEqual([
      ["TX1", 105_000, 0, "USD", "paid"],
      ["TX2", 0, 5000, "USD", "refunded"],
    ]);
    expect(found.records[0]?.placedAt).toBe("2026-03-25T21:00:00.000Z");
    expect(found.records.map(({ person }) => person?.id)).toEqual([found.people[0]?.id, found.people[0]?.id]);
    expect(found.people[0]?.emails).toEqual(["ida@brightleaf.co.uk"]);
    expect(found.rejects).toEqual([
      'line 4: Column "Type" says that the row is no sale.',
      "line 5: The row is money paid out, not a sale.",
    ]);
  });
});

describe("lists", () => {
  it.each([
    ["subscribed_members_export_ab12.csv", "OPTIN_TIME,CONFIRM_TIME", "mailchimp-subscribed"],
    ["unsubscribed_members_export_ab12.csv", "OPTIN_TIME,CONFIRM_TIME", "mailchimp-unsubscribed"],
    ["cleaned_members_export_ab12.csv", "OPTIN_TIME,CONFIRM_TIME", "mailchimp-cleaned"],
    ["nonsubscribed_members_export_ab12.csv", "OPTIN_TIME,CONFIRM_TIME", "mailchimp-nonsubscribed"],
    ["members.csv", "OPTIN_TIME,CONFIRM_TIME", "mailchimp"],
    ["renamed.csv", "OPTIN_TIME,UNSUB_TIME", "mailchimp-unsubscribed"],
    ["subscribed.csv", "OPTIN_TIME,CLEAN_TIME", "mailchimp-cleaned"],
  ])("tells what Mailchimp's %s with %s holds", async (name, columns, expected) => {
    const found = await read(
      name,
      lines(
        `Email Address,First Name,${columns},LAST_CHANGED,LEID,EUID`,
        "lily@brightleaf.co.uk,Lily,2024-03-16 14:40:47,2025-08-16 14:40:47,2025-08-16 14:40:47,9049,810a",
      ),
    );
    expect(found.export).toBe(expected);
    expect(found.people).toHaveLength(1);
  });

  it.each([
    [
      "klaviyo",
      "Email,Klaviyo ID,First Name,Phone Number,Historic Customer Lifetime Value,First Active",
      "a@brightleaf.co.uk,01HA,Ann,,120.50,2025-01-05 10:00:00",
    ],
    [
      "hubspot-contacts",
      "Record ID,First Name,Last Name,Email,Contact owner,Create Date",
      "51,Hana,Mori,a@brightleaf.co.uk,Jo,2025-05-01 09:12",
    ],
    [
      "square-customers",
      "Reference ID,First Name,Last Name,Email Address,Phone Number,Square Customer ID,Creation Source,First Visit,Lifetime Spend",
      ",Ann,Lee,a@brightleaf.co.uk,,CU1,Directory,2025-05-01,$20.00",
    ],
    [
      "stripe-customers",
      "id,Description,Email,Name,Created (UTC),Delinquent,Total Spend,Payment Count",
      "cus_1,,a@brightleaf.co.uk,Ann Lee,2025-05-01 09:12,false,20.00,1",
    ],
    [
      "constant-contact",
      "Email address,First name,Last name,Email status,Email update source,Created At",
      "a@brightleaf.co.uk,Ann,Lee,Active,Import,2025-05-31 09:12",
    ],
    [
      "woocommerce-customers",
      "Name,Username,Last Active,Sign Up,Email,Orders,Total Spend,AOV,Country / Region",
      "Ann Lee,ann,2025-05-01,2025-04-01,a@brightleaf.co.uk,3,60.00,20.00,GB",
    ],
  ])("knows the people of %s, whatever money and dates stand beside them", async (expected, header, row) => {
    const found = await read("export.csv", lines(header, row));
    expect(found).toMatchObject({ export: expected, orders: [], rejects: [] });
    expect(found.people[0]?.emails).toEqual(["a@brightleaf.co.uk"]);
  });

  it("reads Brevo's numbers with the plus they lack", async () => {
    const found = await read(
      "contacts.csv",
      lines(
        "CONTACT ID;EMAIL;LASTNAME;FIRSTNAME;SMS;EMAIL_BLACKLISTED;SMS_BLACKLISTED;ADDED_TIME",
        "7;lea@brightleaf.co.uk;Roux;Léa;33611111112;No;Yes;12-05-2022 09:30",
      ),
    );
    expect(found.export).toBe("brevo");
    expect(found.people[0]).toMatchObject({ phones: ["+33611111112"], createdAt: "2022-05-12T08:30:00.000Z" });
  });
});
