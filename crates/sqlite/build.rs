//! Compiles the SQLite3 Multiple Ciphers amalgamation with the options this product needs.
fn main() {
    let dir = sqlite3mc_src::source_dir();
    let mut build = cc::Build::new();
    build
        .file(dir.join(sqlite3mc_src::SOURCE_FILE))
        .include(dir)
        .warnings(false);
    // Temporary tables and sorts stay in memory: SQLite writes spill files unencrypted.
    for (name, value) in [
        ("SQLITE_TEMP_STORE", Some("3")),
        ("SQLITE_THREADSAFE", Some("2")),
        ("SQLITE_ENABLE_FTS5", None),
        ("SQLITE_DQS", Some("0")),
        ("SQLITE_DEFAULT_FOREIGN_KEYS", Some("1")),
        ("SQLITE_ENABLE_COLUMN_METADATA", None),
        ("SQLITE_ENABLE_API_ARMOR", None),
        ("SQLITE_ENABLE_UNLOCK_NOTIFY", None),
        ("SQLITE_OMIT_LOAD_EXTENSION", None),
        ("SQLITE_OMIT_DEPRECATED", None),
        ("SQLITE_DEFAULT_MEMSTATUS", Some("0")),
        ("SQLITE_USE_URI", Some("0")),
        ("SQLITE3MC_OMIT_AES_HARDWARE_SUPPORT", Some("1")),
        ("HAVE_CIPHER_AES_128_CBC", Some("0")),
        ("HAVE_CIPHER_AES_256_CBC", Some("0")),
        ("HAVE_CIPHER_SQLCIPHER", Some("0")),
        ("HAVE_CIPHER_RC4", Some("0")),
        ("HAVE_CIPHER_ASCON128", Some("0")),
        ("HAVE_CIPHER_AEGIS", Some("0")),
        ("HAVE_CIPHER_CHACHA20", Some("1")),
        ("CODEC_TYPE", Some("CODEC_TYPE_CHACHA20")),
        ("SQLITE_SECURE_DELETE", None),
    ] {
        build.define(name, value);
    }
    if std::env::var("PROFILE").as_deref() != Ok("release") {
        build.opt_level(2);
    }
    // The archive must be linked whole: rusqlite, which needs its symbols, stands elsewhere on the link line.
    build.cargo_metadata(false).compile("webx_sqlite3mc");
    let out = std::env::var("OUT_DIR").unwrap_or_default();
    println!("cargo:rustc-link-search=native={out}");
    println!("cargo:rustc-link-lib=static:+whole-archive=webx_sqlite3mc");
    println!("cargo:rerun-if-changed=build.rs");
}
