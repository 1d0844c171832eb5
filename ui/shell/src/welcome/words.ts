/** The 24 recovery words as a person types them. */

export const WORD_COUNT = 24;

/** One word the way the list writes it: no spaces, lower case, composed. */
export function normalWord(text: string): string {
  return text.normalize("NFKD").trim().toLowerCase();
}

/** Splits what was typed or pasted: any white space or commas between words, numbers before them ("1. word") ignored. */
export function splitWords(text: string): string[] {
  return text
    .split(/[\s,;]+/u)
    .map(part => normalWord(part.replace(/^\d+[.):]?/u, "")))
    .filter(word => word !== "");
}

export interface Answer {
  /** From 0. */
  index: number;
  word: string;
}

/** The places whose answer is not the word that was shown. */
export function wrongAnswers(shown: readonly string[], answers: readonly Answer[]): number[] {
  return answers.filter(({ index, word }) => shown[index] !== normalWord(word)).map(({ index }) => index);
}
