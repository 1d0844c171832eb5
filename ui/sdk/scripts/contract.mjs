/**
 * Makes everything that follows from `src/contract.ts`: the list of methods for the app's side, capabilities and argument
 * shapes for the broker's side, and docs/sdk.md. `node scripts/contract.mjs` writes them; a test asks for what is `stale()`.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const here = path => fileURLToPath(new URL(path, import.meta.url));
const CONTRACT = here("../src/contract.ts");

/** The files that are made, and what stands in them. */
function render() {
  const config = ts.getParsedCommandLineOfConfigFile(
    here("../tsconfig.json"),
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: failed },
  );
  const program = ts.createProgram([CONTRACT], { ...config.options, noEmit: true, composite: false });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(CONTRACT);
  const contract = read(checker, source);
  return new Map([
    [here("../src/methods.gen.ts"), methodsFile(contract)],
    [here("../src/broker/shapes.gen.ts"), brokerFile(contract)],
    [here("../../../docs/sdk.md"), document(checker, source, contract)],
  ]);
}

function failed(diagnostic) {
  throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n"));
}

/* Reading */

function read(checker, source) {
  const named = name => {
    const found = source.statements.find(one => ts.isInterfaceDeclaration(one) && one.name.text === name);
    if (!found) throw new Error(`contract.ts has no ${name}`);
    return found;
  };
  const methods = [];
  const spaces = [];
  const walk = (type, before, about) => {
    const space = { name: before.slice(0, -1), about, methods: [] };
    const inner = [];
    for (const property of type.getProperties()) {
      const declaration = property.valueDeclaration;
      if (ts.isMethodSignature(declaration))
        space.methods.push(method(checker, declaration, `${before}${property.name}`));
      else inner.push(property);
    }
    if (space.methods.length > 0) spaces.push(space);
    methods.push(...space.methods);
    for (const property of inner) {
      const next = checker.getTypeOfSymbol(property);
      walk(next, `${before}${property.name}.`, docOf(next.symbol?.declarations?.[0]));
    }
  };
  walk(checker.getTypeAtLocation(named("Calls")), "", "");
  const topics = named("Topics").members.map(member => ({
    name: member.name.getText(),
    type: member.type.getText(),
    about: docOf(member),
    capability: capabilityOf(member, member.name.getText()),
  }));
  return { methods, spaces, topics };
}

function method(checker, declaration, name) {
  const signature = checker.getSignatureFromDeclaration(declaration);
  let options;
  const args = [];
  signature.parameters.forEach((parameter, index) => {
    const node = parameter.valueDeclaration;
    const type = checker.getTypeOfSymbol(parameter);
    if (node.type?.getText() === "CallOptions") {
      options = index;
      return;
    }
    args.push({
      shape: shapeOf(checker, type, node.type),
      optional: node.questionToken !== undefined,
    });
  });
  return {
    name,
    text: declaration.getText().replace(/\s+/g, " ").replace(/;$/, "").replace(/, \)/, ")").replace(/\( /, "("),
    about: docOf(declaration),
    capability: capabilityOf(declaration, name),
    patient: ts.getJSDocTags(declaration).some(tag => tag.tagName.text === "patient"),
    options,
    args,
  };
}

function docOf(declaration) {
  if (!declaration) return "";
  const [doc] = ts.getJSDocCommentsAndTags(declaration).filter(ts.isJSDoc);
  return doc ? (ts.getTextOfJSDocComment(doc.comment) ?? "").replace(/\s+/g, " ") : "";
}

function capabilityOf(declaration, name) {
  const tag = ts.getJSDocTags(declaration).find(one => one.tagName.text === "capability");
  const words = ts.getTextOfJSDocComment(tag?.comment)?.trim().split(/\s+/);
  if (!words?.length) throw new Error(`${name} has no @capability`);
  return words.length === 1 && words[0] === "none" ? [] : words;
}

/** What a value of that type looks like; see `Shape` in src/broker/shapes.ts. */
function shapeOf(checker, type, node, depth = 0) {
  if (depth > 12) throw new Error(`${checker.typeToString(type)} goes too deep`);
  const name = type.aliasSymbol?.name ?? node?.getText();
  if (name === "Json") return "json";
  const { flags } = type;
  if (flags & (ts.TypeFlags.Unknown | ts.TypeFlags.Any)) return "any";
  if (flags & ts.TypeFlags.StringLiteral || flags & ts.TypeFlags.NumberLiteral) return { is: [type.value] };
  if (flags & ts.TypeFlags.BooleanLike && !(flags & ts.TypeFlags.Union && flags & ts.TypeFlags.EnumLike))
    return "boolean";
  if (flags & ts.TypeFlags.StringLike) return "string";
  if (flags & ts.TypeFlags.NumberLike) return "number";
  if (flags & ts.TypeFlags.Null) return "null";
  if (type.isUnion()) {
    const parts = type.types.filter(part => !(part.flags & ts.TypeFlags.Undefined));
    const literals = parts.filter(part => part.isStringLiteral() || part.isNumberLiteral());
    const shapes = parts
      .filter(part => !literals.includes(part))
      .map(part => shapeOf(checker, part, undefined, depth + 1));
    const unique = [...new Map(shapes.map(shape => [JSON.stringify(shape), shape])).values()];
    if (literals.length > 0) unique.push({ is: literals.map(part => part.value) });
    return unique.length === 1 ? unique[0] : { any: unique };
  }
  const symbol = type.symbol?.name;
  if (symbol === "Blob" || symbol === "File") return "blob";
  if (symbol === "ArrayBuffer") return "bytes";
  if (symbol === "ReadableStream") return "stream";
  if (checker.isArrayType(type))
    return { list: shapeOf(checker, checker.getTypeArguments(type)[0], undefined, depth + 1) };
  const index = type.getStringIndexType();
  if (index) return { record: shapeOf(checker, index, undefined, depth + 1) };
  const fields = {};
  const optional = [];
  for (const property of checker.getPropertiesOfType(type)) {
    const declared = checker.getTypeOfSymbol(property);
    const isOptional = (property.flags & ts.SymbolFlags.Optional) !== 0;
    fields[property.name] = shapeOf(checker, declared, undefined, depth + 1);
    if (isOptional) optional.push(property.name);
  }
  if (Object.keys(fields).length === 0) throw new Error(`no shape for ${checker.typeToString(type)}`);
  return optional.length > 0 ? { fields, optional } : { fields };
}

/* Writing */

const HEAD = "// Made by scripts/contract.mjs from contract.ts. Change that.\n";
const list = values => values.map(value => `  ${JSON.stringify(value)},\n`).join("");

function methodsFile({ methods, topics }) {
  const options = methods.filter(one => one.options !== undefined);
  return `${HEAD}import type { Method, Topic } from "./contract";

/** Every method there is. */
export const METHODS = [
${list(methods.map(one => one.name))}] as const satisfies readonly Method[];

/** Every topic there is. */
export const TOPICS = [
${list(topics.map(one => one.name))}] as const satisfies readonly Topic[];

/** Where the call options stand in the arguments of those methods that take them. */
export const OPTIONS_AT: Partial<Record<Method, number>> = {
${options.map(one => `  ${JSON.stringify(one.name)}: ${one.options},\n`).join("")}};

/** Methods that wait for a person or for many bytes. */
export const PATIENT: ReadonlySet<Method> = new Set<Method>([
${list(methods.filter(one => one.patient).map(one => one.name))}]);
`;
}

function brokerFile({ methods, topics }) {
  const capability = all =>
    all.map(one => `  ${JSON.stringify(one.name)}: ${JSON.stringify(one.capability)},\n`).join("");
  const shape = ({ args }) => {
    const least = args.findLastIndex(one => !one.optional) + 1;
    return JSON.stringify({ least, args: args.map(one => one.shape) });
  };
  return `${HEAD}import type { Capability, Method, Topic } from "../contract";
import type { ArgumentShape } from "./shapes";

/** What a call needs: one of these, or nothing. */
export const CAPABILITY: Readonly<Record<Method, readonly Capability[]>> = {
${capability(methods)}};

/** What listening to a topic needs: one of these, or nothing. */
export const TOPIC_CAPABILITY: Readonly<Record<Topic, readonly Capability[]>> = {
${capability(topics)}};

/** What the arguments of a call look like, without the call options. */
export const SHAPES: Readonly<Record<Method, ArgumentShape>> = {
${methods.map(one => `  ${JSON.stringify(one.name)}: ${shape(one)},\n`).join("")}};
`;
}

const needs = words => (words.length === 0 ? "every app" : words.map(word => `\`${word}\``).join(" or "));

function document(checker, source, { spaces, topics }) {
  const parts = [
    `# What an app can ask of the OS

Made from \`ui/sdk/src/contract.ts\` by \`npm run generate\`; do not edit.

\`useOs()\` (builtin apps) or \`connect()\` (iframe apps) of \`@webx/sdk\` gives the \`os\`. Every call is asynchronous; every
argument and answer is copied. A refusal is a \`Problem\` with a stable \`code\`: \`app-denied\` (no permission), \`not-found\`,
\`exists\`, \`quota\`, \`bad-request\` (wrong arguments), \`throttled\`, \`timeout\`, \`cancelled\`, \`disconnected\`, \`locked\`.
Calls that take \`call?: CallOptions\` can be cancelled with \`{ signal }\`.

"Needs" names what the manifest must ask for and the person must grant; \`system:…\` is for apps of the program itself.
`,
  ];
  for (const { name, about, methods } of spaces) {
    parts.push(`## \`os.${name}\`\n`);
    if (about) parts.push(`${about}\n`);
    for (const one of methods) {
      const text = one.text.replace(/, call\?: CallOptions|call\?: CallOptions/, "");
      const able = one.options === undefined ? "" : " Can be cancelled.";
      parts.push(`- \`${text}\`  \n  ${one.about ? `${one.about} ` : ""}Needs ${needs(one.capability)}.${able}`);
    }
    parts.push("");
  }
  parts.push(
    "## Topics\n\n`os.files.onChange(listener)`, `os.storage.docs.onChange(collection, listener)`, `os.events.on(name, listener)` and so on; each returns the way to stop.\n",
  );
  for (const { name, type, about, capability } of topics)
    parts.push(`- \`${name}\`: \`${type}\`  \n  ${about ? `${about} ` : ""}Needs ${needs(capability)}.`);
  parts.push(`\n## Types\n\n\`\`\`ts\n${types(checker, source).join("\n")}\n\`\`\`\n`);
  return parts.join("\n");
}

/** The types that the contract names, as they are. */
function types(checker, source) {
  const lines = [];
  for (const statement of source.statements) {
    if (!ts.isImportDeclaration(statement)) continue;
    for (const element of statement.importClause?.namedBindings?.elements ?? []) {
      const symbol = checker.getAliasedSymbol(checker.getSymbolAtLocation(element.name));
      const declaration = symbol.declarations[0];
      const type = checker.getDeclaredTypeOfSymbol(symbol);
      const about = docOf(declaration);
      const parameters = declaration.typeParameters?.map(one => one.getText()).join(", ");
      const text =
        element.name.text === "Json"
          ? declaration.type.getText()
          : checker.typeToString(
              type,
              undefined,
              ts.TypeFormatFlags.NoTruncation |
                ts.TypeFormatFlags.InTypeAlias |
                ts.TypeFormatFlags.UseSingleQuotesForStringLiteralType,
            );
      const body = ts.isInterfaceDeclaration(declaration) || text === element.name.text ? members(checker, type) : text;
      if (about) lines.push(`/** ${about} */`);
      lines.push(`type ${element.name.text}${parameters ? `<${parameters}>` : ""} = ${body.replaceAll("'", '"')};`);
    }
  }
  return lines;
}

function members(checker, type) {
  const fields = checker.getPropertiesOfType(type).map(property => {
    const optional = property.flags & ts.SymbolFlags.Optional;
    const declared = checker.getTypeOfSymbol(property);
    const text = checker.typeToString(declared, undefined, ts.TypeFormatFlags.NoTruncation);
    return `${property.name}${optional ? "?" : ""}: ${optional ? text.replace(/ \| undefined$/, "") : text}`;
  });
  return `{ ${fields.join("; ")} }`;
}

/** The files that are not what the contract says, with what they should be. */
export function stale() {
  return [...render()].filter(([path, text]) => !existsSync(path) || readFileSync(path, "utf8") !== text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) for (const [path, text] of stale()) writeFileSync(path, text);
