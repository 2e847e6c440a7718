/** Certificates for one test, made by OpenSSL 3: an authority, a server it vouches for, a client. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];

export interface Certified {
  cert: string;
  key: string;
}

/** Files in the folder. @returns their paths */
export function makeCertificates(folder: string): { ca: Certified; server: Certified; client: Certified } {
  const make = (name: string, ...more: string[]): Certified => {
    const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
    const args = ["req", "-x509", ...KEY, "-subj", `/CN=${name}`, "-keyout", key, "-out", cert, ...more];
    execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
    return { cert, key };
  };
  const ca = make("ca", "-addext", "basicConstraints=critical,CA:TRUE");
  const vouched = ["-CA", ca.cert, "-CAkey", ca.key, "-addext", "basicConstraints=critical,CA:FALSE"];
  return {
    ca,
    server: make("server", ...vouched, "-addext", "subjectAltName=DNS:temporal.example"),
    client: make("client", ...vouched),
  };
}
