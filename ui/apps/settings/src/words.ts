export const WORD_COUNT = 24;

/** The words of a text, however a person typed or pasted them: numbers and commas between them do not matter. */
export function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[\s,;]+/u)
    .filter(word => word !== "" && !/^\d+[.):]?$/u.test(word));
}
