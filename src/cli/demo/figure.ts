/** A picture of the report: inline SVG, or a PNG that is also written as a file of its own. */
export type Figure =
  | { readonly kind: 'svg'; readonly caption: string; readonly svg: string }
  | {
      readonly kind: 'png';
      readonly caption: string;
      readonly file: string;
      readonly png: Uint8Array;
      readonly alt: string;
    };
