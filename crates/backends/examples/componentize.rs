//! Makes a component of a core module that carries its component types: `componentize CORE OUT`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(core), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("componentize CORE OUT".into());
    };
    let core = std::fs::read(core)?;
    let component = wit_component::ComponentEncoder::default()
        .module(&core)
        .and_then(|encoder| encoder.validate(true).encode())
        .map_err(|error| format!("{error:#}"))?;
    std::fs::write(out, component)?;
    Ok(())
}
