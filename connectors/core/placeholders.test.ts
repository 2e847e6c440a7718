import { describe, expect, it } from "vitest";
import { faultOfId, isPlaceholderEmail, isPlaceholderPhone, isRoleEmail } from "./placeholders.ts";

describe("ids that are none", () => {
  it.each([
    "0",
    "00",
    "0000",
    "0.0",
    "-1",
    "-1.0",
    "none",
    "NONE",
    "null",
    "Nil",
    "guest",
    "Guest Checkout",
    "n/a",
    "NA",
    "#N/A",
    "unknown",
    "anonymous",
    "test",
    "walk-in",
    "Walk In Customer",
    "-",
    "--",
    "?",
    "x",
    "Laufkunde",
    "Gast",
    "inconnu",
    "Consumidor Final",
    "ospite",
    "onbekend",
    "00000000-0000-0000-0000-000000000000",
    "99999",
    "cash",
    "tbd",
    "(none)",
    "undefined",
    "NaN",
    "#REF!",
  ])("%s stands for nobody", (value) => {
    expect(faultOfId(value)).toBe("placeholder");
  });

  it.each(["6.54E+12", "6,54E+12", "1.23457E+15", "4.47911e+11", "5E+10", "####", "123456789012345000"])(
    "%s was destroyed by a spreadsheet",
    (value) => {
      expect(faultOfId(value)).toBe("destroyed");
    },
  );

  it.each([
    "1",
    "7",
    "10",
    "1000",
    "C-0",
    "guest-17",
    "17850",
    "9999",
    "1234567890123450",
    "test-77a",
    "E12",
    "2E",
    "cus_0",
    "no-4711",
    "00017",
  ])("%s may be somebody's", (value) => {
    expect(faultOfId(value)).toBeNull();
  });
});

describe("addresses and numbers that are none", () => {
  it.each([
    "noemail@noemail.com",
    "none@none.com",
    "test@test.com",
    "na@na.com",
    "no-email@shop.de",
    "noemail123@gmail.com",
    "x@x.de",
    "guest@guest.co.uk",
    "keinemail@gmx.de",
    "none",
    "n/a",
    "asdf@asdf.com",
    "test+1@firm.de",
  ])("%s is a placeholder", (address) => {
    expect(isPlaceholderEmail(address)).toBe(true);
  });
  it.each([
    "a@brightleaf.co.uk",
    "noel@brightleaf.co.uk",
    "nomaan@firm.de",
    "info@brightleaf.co.uk",
    "smith@smith.com",
    "testa@firm.it",
    "nova.email@firm.de",
  ])("%s may be somebody's", (address) => {
    expect(isPlaceholderEmail(address)).toBe(false);
  });
  it("knows an inbox many stand behind", () => {
    expect(["info@firm.de", "Sales@firm.de", "ann@firm.de"].map(isRoleEmail)).toEqual([true, true, false]);
  });
  it.each(["0000000000", "1111111111", "+44 0000 000000", "1234567890", "none", "12", "-", "9876543210"])(
    "%s is no phone number",
    (phone) => {
      expect(isPlaceholderPhone(phone)).toBe(true);
    },
  );
  it.each(["07400 661101", "+1 617 222 9001", "030 123456", "+86 138 0013 8001"])("%s may be one", (phone) => {
    expect(isPlaceholderPhone(phone)).toBe(false);
  });
});
