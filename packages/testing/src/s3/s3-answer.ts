/** A request to the S3 server, with its body. */
export interface S3Request {
  readonly method: string;
  /** Empty: the bucket itself. */
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
}

/** What it answers. */
export interface S3Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

/** An error in S3's form. */
export function s3Error(status: number, code: string, message = code): S3Answer {
  return {
    status,
    headers: { "content-type": "application/xml" },
    body: xml("Error", `<Code>${escaped(code)}</Code><Message>${escaped(message)}</Message>`),
  };
}

/** An XML answer of S3. */
export function s3Xml(name: string, content: string): S3Answer {
  return {
    status: 200,
    headers: { "content-type": "application/xml" },
    body: xml(name, content),
  };
}

/** One element; `undefined` content leaves it out. */
export function element(name: string, content: string | number | boolean | undefined): string {
  return content === undefined ? "" : `<${name}>${escaped(String(content))}</${name}>`;
}

function xml(name: string, content: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</${name}>`;
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
