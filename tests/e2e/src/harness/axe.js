import assert from "node:assert/strict";

/** The rules of WCAG 2.2 A and AA and the best practices; colour contrast included. */
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export const screensChecked = [];

/** Asserts that axe finds nothing on what the page shows now. */
export async function noViolations(page, screen) {
  const violations = await page.evaluate(async tags => {
    const frame = () => new Promise(resolve => requestAnimationFrame(resolve));
    await frame();
    await frame();
    // Fades under 200 ms are over before a person reads; colours are judged at rest.
    await Promise.all(
      document
        .getAnimations()
        .filter(each => each.effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY)
        .map(each => each.finished.catch(() => undefined)),
    );
    // React Aria's announcer keeps a word for screen readers for seven seconds, also when the button it names is gone.
    const result = await window.axe.run({ exclude: ["[data-live-announcer]"] }, { preload: false, runOnly: { type: "tag", values: tags } });
    return result.violations.map(({ id, help, nodes }) => ({
      id,
      help,
      nodes: nodes.map(node => `${node.target.join(" ")}: ${node.failureSummary?.replaceAll("\n", " ")}`),
    }));
  }, TAGS);
  screensChecked.push(screen);
  const text = violations.map(each => `${each.id}: ${each.help}\n  ${each.nodes.slice(0, 6).join("\n  ")}`).join("\n");
  assert.equal(violations.length, 0, `axe on ${screen}:\n${text}`);
}
