#![allow(clippy::unwrap_used)]
//! Bundles made from trees in memory; the tree on disk has tests of its own.

use super::*;

fn tree(files: &[(&str, &str)]) -> Tree {
    let files = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), Arc::from(text.as_bytes())))
        .collect();
    Tree::in_memory(files)
}

fn build(files: &[(&str, &str)]) -> Result<Bundle> {
    bundle(&tree(files), "src/index.tsx", Mode::Production)
}

fn finding(files: &[(&str, &str)]) -> Finding {
    let failure = build(files).err().unwrap();
    failure.findings().first().cloned().unwrap()
}

const APP: &str = "export default function App() { return null; }\n";

/// The modules that a bundle imports when it runs.
fn imports(code: &str) -> Vec<&str> {
    code.split(['\n', ';'])
        .filter(|statement| statement.trim_start().starts_with("import"))
        .filter_map(|statement| {
            let end = statement.rfind(['"', '\''])?;
            let start = statement[..end].rfind(['"', '\''])?;
            statement.get(start + 1..end)
        })
        .collect()
}

#[test]
fn an_app_becomes_one_module_that_imports_only_what_the_desktop_gives() {
    let built = build(&[
        (
            "src/index.tsx",
            r#"
            import { Button } from "@webx/ui";
            import { useOs } from "@webx/sdk";
            import { useState, type ReactNode } from "react";
            import { greet } from "./greet";
            import words from "./words.json";
            import dot from "./dot.svg";
            import help from "./help.md";
            import "./app.css";
            enum Mood { Calm = 1 }
            const unused = "this-is-never-used";
            export default function App(): ReactNode {
                const os = useOs();
                const [count, setCount] = useState<number>(Mood.Calm);
                const later = () => import("./later").then(m => m.later(count satisfies number));
                return <Button onPress={later}>{greet(words.hello)}{help}<img src={dot} alt="" />{String(os)}</Button>;
            }
            "#,
        ),
        ("src/greet.ts", "export const greet = (name: string): string => `hi-there ${name}`;\nexport const other = 'shaken-off';\n"),
        ("src/later.ts", "export const later = (n: number) => 'loaded-later' + n;\n"),
        ("src/words.json", r#"{"hello":"from-json"}"#),
        ("src/help.md", "# from-markdown\n"),
        ("src/dot.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("src/app.css", ".app { color: rebeccapurple }\n"),
    ])
    .unwrap();
    let mut imported = imports(&built.code);
    imported.sort_unstable();
    assert_eq!(
        imported,
        ["@webx/sdk", "@webx/ui", "react", "react/jsx-runtime"],
        "{}",
        built.code
    );
    for part in [
        "hi-there",
        "from-json",
        "from-markdown",
        "loaded-later",
        "data:image/svg+xml",
    ] {
        assert!(built.code.contains(part), "{part}: {}", built.code);
    }
    for part in ["shaken-off", "this-is-never-used", "satisfies", "require("] {
        assert!(!built.code.contains(part), "{part}: {}", built.code);
    }
    assert!(built.code.contains("as default"), "{}", built.code);
    assert!(built.style.contains(".app{color:"), "{}", built.style);
    assert!(built.warnings.is_empty(), "{:?}", built.warnings);
    assert!(built.sources.contains_key("src/words.json"));
}

#[test]
fn the_same_files_give_the_same_bytes_wherever_they_lie() {
    let files = [
        (
            "src/index.tsx",
            "import './a.module.css';\nimport n from './b.module.css';\nimport './greet';\nexport default function App() { return <p className={n.title}>x</p>; }\n",
        ),
        ("src/a.module.css", ".title { color: red }\n"),
        (
            "src/b.module.css",
            ".title { color: blue } .wide { composes: title; inline-size: 9px }\n",
        ),
        ("src/greet.ts", "console.log(1)\n"),
    ];
    let here = build(&files).unwrap();
    for _ in 0..2 {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("src")).unwrap();
        for (path, text) in files {
            std::fs::write(folder.path().join(path), text).unwrap();
        }
        let tree = Tree::on_disk(folder.path()).unwrap();
        let there = bundle(&tree, "src/index.tsx", Mode::Production).unwrap();
        assert_eq!(here.code, there.code);
        assert_eq!(here.style, there.style);
        assert_eq!(here.sources, there.sources);
    }
}

#[test]
fn a_bundle_for_development_is_readable_and_carries_its_source_map() {
    let built = bundle(
        &tree(&[("src/index.tsx", APP)]),
        "src/index.tsx",
        Mode::Development,
    )
    .unwrap();
    assert!(built.code.contains("function App()"), "{}", built.code);
    assert!(
        built.code.contains("sourceMappingURL=data:"),
        "{}",
        built.code
    );
}

#[test]
fn an_old_package_that_requires_react_gets_the_desktops_react() {
    let built = build(&[
        ("src/index.tsx", "import old from 'old';\nexport default function App() { return old(); }\n"),
        ("node_modules/old/package.json", r#"{"name":"old","version":"1.0.0","main":"main.js"}"#),
        (
            "node_modules/old/main.js",
            "if (process.env.NODE_ENV !== 'production') throw new Error('slow-path');\nvar React = require('react');\nmodule.exports = function () { return React.createElement('old-element'); };\n",
        ),
    ])
    .unwrap();
    assert_eq!(imports(&built.code), ["react"], "{}", built.code);
    assert!(built.code.contains("old-element") && !built.code.contains("slow-path"));
    assert!(!built.code.contains("require(\"react\")"), "{}", built.code);
    assert!(built.sources.contains_key("node_modules/old/package.json"));
}

#[test]
fn a_syntax_error_is_shown_at_its_line() {
    let wrong = finding(&[(
        "src/index.tsx",
        "export default function App() {\n  return <p>;\n}\n",
    )]);
    assert_eq!(wrong.file.as_deref(), Some("src/index.tsx"));
    assert!(
        wrong.line.is_some_and(|line| (2..=3).contains(&line)),
        "{wrong}"
    );
    assert!(wrong.frame.is_some(), "{wrong}");
}

#[test]
fn an_import_that_leads_out_of_the_project_is_refused_at_its_line() {
    let wrong = finding(&[(
        "src/index.tsx",
        "import secret from '../../etc/passwd';\nexport default function App() { return secret; }\n",
    )]);
    assert_eq!((wrong.line, wrong.column), (Some(1), Some(20)), "{wrong}");
    assert!(wrong.todo.unwrap().contains("leads out of the project"));
}

#[test]
fn a_package_that_is_not_there_is_named_with_the_command_that_gets_it() {
    let app = "import x from '@scope/thing/deep';\nimport fs from 'node:fs';\nexport default () => x(fs);\n";
    let failure = build(&[("src/index.tsx", app)]).err().unwrap();
    let todo: Vec<&str> = failure
        .findings()
        .iter()
        .filter_map(|f| f.todo.as_deref())
        .collect();
    assert!(
        todo.iter().any(|t| t.contains("npm install @scope/thing")),
        "{todo:?}"
    );
    assert!(
        todo.iter().any(|t| t.contains("module of Node")),
        "{todo:?}"
    );
}

#[test]
fn what_the_desktop_does_not_give_is_no_import_of_an_app() {
    for (import, word) in [
        ("import x from 'https://example.org/x.js';", "from the web"),
        (
            "const x = import('https://example.org/x.js');",
            "from the web",
        ),
        ("import x from '@webx/ui/secret';", "from @webx/ui itself"),
        ("import x from 'fs';", "module of Node"),
    ] {
        let app = format!("\n{import}\nexport default function App() {{ return x; }}\n");
        let wrong = finding(&[("src/index.tsx", &app)]);
        assert_eq!(wrong.severity, Severity::Error, "{import}: {wrong}");
        assert_eq!(wrong.line, Some(2), "{import}: {wrong}");
        assert!(
            wrong.todo.as_deref().unwrap().contains(word),
            "{import}: {wrong}"
        );
    }
}

#[test]
fn code_that_the_bundler_has_no_words_for_is_still_told() {
    let wrong = finding(&[(
        "src/index.tsx",
        "const a = './x';\nimport(a);\nexport default function App() { return null; }\n",
    )]);
    assert_eq!(wrong.file.as_deref(), Some("src/index.tsx"), "{wrong}");
}

#[test]
fn an_app_without_a_default_export_or_a_first_module_is_told_so() {
    let failure = build(&[("src/index.tsx", "export function App() { return null; }\n")])
        .err()
        .unwrap();
    assert_eq!(failure.code(), "no-default");
    let failure = build(&[("src/main.tsx", APP)]).err().unwrap();
    assert_eq!(failure.code(), "no-entry");
}

#[test]
fn style_sheets_stand_in_the_order_in_which_modules_run() {
    let built = build(&[
        ("src/index.tsx", "import './part';\nimport './app.css';\nexport default function App() { return null; }\n"),
        ("src/part.ts", "import './part.css';\n"),
        ("src/part.css", "@import './deep/base.css';\n.part { color: red }\n"),
        ("src/deep/base.css", ".base { background: url('./dot.png') }\n"),
        ("src/deep/dot.png", "png"),
        ("src/app.css", ".app { color: red }\n"),
    ])
    .unwrap();
    let places: Vec<usize> = [".base", ".part", ".app"]
        .iter()
        .map(|part| built.style.find(part).unwrap())
        .collect();
    assert!(places.is_sorted(), "{}", built.style);
    assert!(
        built.style.contains("data:image/png;base64,cG5n"),
        "{}",
        built.style
    );
}

#[test]
fn a_style_sheet_reaches_neither_the_web_nor_out_of_the_project() {
    let app = "import './app.css';\nexport default function App() { return null; }\n";
    for (css, word) in [
        (
            ".a { color: red }\n.b { background: url(https://example.org/x.png) }\n",
            "on the web",
        ),
        ("@import 'https://example.org/x.css';\n", "on the web"),
        (
            ".a { background: url(../../secret.png) }\n",
            "out of the project",
        ),
        ("@import '../../secret.css';\n", "out of the project"),
        (".a { background: url(missing.png) }\n", "does not exist"),
    ] {
        let wrong = finding(&[("src/index.tsx", app), ("src/app.css", css)]);
        assert!(wrong.message.contains(word), "{css}: {wrong}");
        assert_eq!(wrong.file.as_deref(), Some("src/app.css"), "{css}: {wrong}");
    }
    let wrong = finding(&[
        ("src/index.tsx", app),
        ("src/app.css", ".a { color: red }\n\n.b } { x: y\n"),
    ]);
    assert_eq!(wrong.line, Some(3), "{wrong}");
}
