//! Takes the built system apps (`ui/dist-apps/<id>/…`) into the program. They are packed and signed when a vault is
//! opened by a program that has other ones than the last.
//!
//! Without a build of the apps there are none; the desktop then has no system apps.

use std::{
    env,
    fmt::Write as _,
    fs,
    hash::{DefaultHasher, Hasher as _},
    io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    let here = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let out = PathBuf::from(variable("OUT_DIR"));
    let dist = here.join("../../ui/dist-apps");
    println!("cargo::rerun-if-changed=build.rs");
    // A path that is missing would count as changed each time; the folder above always exists.
    let watched = if dist.is_dir() {
        dist.clone()
    } else {
        here.join("../../ui/package.json")
    };
    println!("cargo::rerun-if-changed={}", watched.display());
    let mut apps = Vec::new();
    if dist.is_dir() {
        for entry in fs::read_dir(&dist)? {
            let path = entry?.path();
            if path.join("manifest.json").is_file() {
                apps.push(path);
            }
        }
        apps.sort();
    } else {
        println!(
            "cargo::warning=ui/dist-apps is missing: this program has no system apps; build them with `npm run build` in ui/"
        );
    }
    let mut table = String::from("static SYSTEM: &[SystemApp] = &[\n");
    for (number, folder) in apps.iter().enumerate() {
        let id = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let mut files = Vec::new();
        walk(folder, &mut files)?;
        files.sort();
        let mut hash = DefaultHasher::new();
        let mut list = String::new();
        for (index, file) in files.iter().enumerate() {
            let relative = file.strip_prefix(folder).map_err(io::Error::other)?;
            let path = relative.to_string_lossy().replace('\\', "/");
            let bytes = fs::read(file)?;
            // A copy: the folder may be built anew while the compiler reads.
            let copy = out.join(format!("system-{number}-{index}.raw"));
            fs::write(&copy, &bytes)?;
            hash.write(path.as_bytes());
            hash.write_usize(bytes.len());
            hash.write(&bytes);
            writeln!(list, "        ({path:?}, include_bytes!({copy:?})),")
                .map_err(io::Error::other)?;
        }
        writeln!(
            table,
            "    SystemApp {{ id: {id:?}, build: \"{:016x}\", files: &[\n{list}    ] }},",
            hash.finish()
        )
        .map_err(io::Error::other)?;
    }
    table.push_str("];\n");
    fs::write(out.join("system.rs"), table)
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), files)?;
        } else if entry
            .path()
            .extension()
            .is_none_or(|extension| extension != "map")
        {
            files.push(entry.path());
        }
    }
    Ok(())
}
