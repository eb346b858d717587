const UNTRUSTED = /unable to (verify|get)|self[- ]signed certificate|certificate has expired|not yet valid/i;
const MISNAMED = /does not match certificate|altnames/i;
const PLAIN = /wrong version number|http request|packet length too long/i;
const CLOSED =
  /Failed to connect|ECONNRESET|EPIPE|socket (closed|hang up)|disconnected before secure|alert|GOAWAY|Protocol error/i;

/** Word what is wrong with TLS where a connection failed for it; empty if TLS is not the problem. */
export function handshakeHint(details: string): string {
  if (UNTRUSTED.test(details)) {
    return (
      "the server's certificate is not trusted: it may have expired, or caFile (WORKFLOW_RESULTS_CA_FILE) is not its" +
      " authority"
    );
  }
  if (MISNAMED.test(details)) {
    return "the server's certificate is for another name: use a name that is in its certificate";
  }
  return PLAIN.test(details) ? "the server uses plain text: omit tls: true, caFile, certFile and keyFile" : "";
}

/** Word what may be wrong where the other side has closed a new connection without a word, as TLS does. */
export function closingHint(details: string, secure: boolean): string {
  if (!CLOSED.test(details)) {
    return "";
  }
  return secure
    ? " Or does it require a client certificate that has not expired, from an authority that it trusts (certFile and" +
        " keyFile; WORKFLOW_RESULTS_CERT_FILE and WORKFLOW_RESULTS_KEY_FILE)?"
    : " Or does it require TLS? Then set caFile (WORKFLOW_RESULTS_CA_FILE) to the authority of its certificate, or" +
        " tls: true if that is a well-known one.";
}
