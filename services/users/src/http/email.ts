// What counts as an e-mail address: the demo's rule (its validator's isEmail), written down.

const LOCAL_PART_BYTES = 64;
const DOMAIN_BYTES = 254;
const LABEL_LENGTH = 63;

// Unicode letters are allowed on both sides, as the demo did (RFC 6531).
const ATOM = /^[a-z\d!#$%&'*+\-/=?^_`{|}~\u00a1-\ud7ff\uf900-\ufdcf\ufdf0-\uffef]+$/i;
const LABEL = /^[a-z\d\u00a1-\uff00]([a-z\d\u00a1-\uff00-]*[a-z\d\u00a1-\uff00])?$/i;
const TOP_LEVEL =
  /^([a-z\u00a1-\u00a8\u00aa-\ud7ff\uf900-\ufdcf\ufdf0-\uffef]{2,}|xn[a-z\d-]{2,})$/i;

/** True for `local@domain.tld` with a local part of dotted atoms. No quoted local parts, no addresses for a domain. */
export function isEmail(text: string): boolean {
  // Half of a surrogate pair has no UTF-8 form: the database would refuse it, or keep something else.
  if (!text.isWellFormed()) return false;
  const at = text.lastIndexOf('@');
  if (at < 1) return false;
  const local = text.slice(0, at);
  const domain = text.slice(at + 1);
  if (Buffer.byteLength(local) > LOCAL_PART_BYTES || Buffer.byteLength(domain) > DOMAIN_BYTES)
    return false;
  const labels = domain.split('.');
  return (
    local.split('.').every((atom) => ATOM.test(atom)) &&
    labels.length > 1 &&
    labels.every((label) => label.length <= LABEL_LENGTH && LABEL.test(label)) &&
    TOP_LEVEL.test(labels.at(-1) ?? '')
  );
}
