//! Normative statements about directions of texts, contexts written out, older editions and related resources.

use crate::common::{NOW, Party, V2, credential, with};
use serde_json::{Value, json};
use webx_credentials::{Error, Suite};

fn judged(document: &Value, suite: Suite) -> Result<(), Error> {
    let issuer = Party::ed25519(1);
    with(|credentials| {
        let signed = credentials.issue(document, &issuer.asserts(suite), issuer.key.as_ref())?;
        credentials
            .verify(signed.to_string().as_bytes(), NOW)
            .map(drop)
    })
}

#[test]
fn name_and_description_may_have_a_direction_where_the_bytes_are_signed_and_not_where_a_graph_is() {
    let did = Party::ed25519(1).did;
    let text = json!({ "@value": "Example", "@language": "en", "@direction": "rtl" });
    for member in ["name", "description"] {
        let mut own = credential(&did);
        own[member] = text.clone();
        let mut issuers = credential(&did);
        issuers["issuer"] = json!({ "id": did, member: text });
        for document in [own, issuers] {
            assert_eq!(judged(&document, Suite::EddsaJcs2022), Ok(()));
            assert!(matches!(
                judged(&document, Suite::EddsaRdfc2022),
                Err(Error::JsonLd { .. })
            ));
        }
    }
    for bad in [
        json!({ "@value": "A", "@direction": "up" }),
        json!({ "@value": "A", "@direction": ["ltr"] }),
    ] {
        let mut document = credential(&did);
        document["name"] = bad;
        assert!(judged(&document, Suite::EddsaJcs2022).is_err());
    }
    // The direction is signed.
    let issuer = Party::ed25519(1);
    let mut document = credential(&issuer.did);
    document["name"] = text;
    with(|credentials| {
        let options = issuer.asserts(Suite::EddsaJcs2022);
        let signed = credentials
            .issue(&document, &options, issuer.key.as_ref())
            .unwrap();
        let turned = signed.to_string().replace("\"rtl\"", "\"ltr\"");
        assert!(credentials.verify(turned.as_bytes(), NOW).is_err());
        // A second proof that does not cover it takes the whole down.
        let more = issuer.asserts(Suite::EddsaRdfc2022);
        assert!(
            credentials
                .issue(&signed, &more, issuer.key.as_ref())
                .is_err()
        );
    });
}

#[test]
fn if_the_digest_does_not_match_the_resource_an_error_is_produced() {
    let did = Party::ed25519(1).did;
    let with_digest = |member: &str, digest: &str| {
        let mut document = credential(&did);
        document["relatedResource"] = json!({ "id": V2, member: digest });
        judged(&document, Suite::EddsaRdfc2022)
    };
    let wrong = Err(Error::Model {
        at: "relatedResource",
        reason: "has another digest than the resource",
    });
    for (member, digest) in [
        (
            "digestSRI",
            "sha384-l/HrjlBCNWyAX91hr6LFV2Y3heB5Tcr6IeE4/Tje8YyzYBM8IhqjHWiWpr8+ZbYU",
        ),
        (
            "digestSRI",
            "sha256-WZVc7WaX1h4D8rJVb+vlMIqxaEKEb1tYbX8fet7JJzQ=",
        ),
        (
            "digestMultibase",
            "uWZVc7WaX1h4D8rJVb-vlMIqxaEKEb1tYbX8fet7JJzQ",
        ),
        (
            "digestMultibase",
            "uEiBZlVztZpfWHgPyslVv6-UwirFoQoRvW1htfx963sknNA",
        ),
        // The edition of July 2024.
        (
            "digestSRI",
            "sha384-NSOcNpmdIVUxIJGvGUoe22FjTWrXiaXlsZ8q6912LdnR3KraQO2n75Ica4wK4Qeg",
        ),
        (
            "digestMultibase",
            "uJKGMkOmFbVJhEfKTduMC2XCyvRAYLjOVmZWwIH1wQ7k",
        ),
    ] {
        assert_eq!(with_digest(member, digest), Ok(()), "{digest}");
    }
    for (member, digest) in [
        (
            "digestMultibase",
            "u2SmKENGwc1g33EvYXaxkGw887yekfl1TpU8vP1svz_o",
        ),
        (
            "digestSRI",
            "sha256-2SmKENGwc1g33EvYXaxkGw887yekfl1TpU8vP1svz/o=",
        ),
    ] {
        assert_eq!(with_digest(member, digest), wrong, "{digest}");
    }
    for (member, digest) in [
        (
            "digestSRI",
            "sha256-ZcdMFaaGGHu2u_mVj0lPxrgAaANKZZqa1EmRsIxY8tI=",
        ),
        ("digestSRI", "sha384-AAAA"),
        ("digestMultibase", "uAAAA"),
        ("digestMultibase", "xAAAA"),
    ] {
        assert!(with_digest(member, digest).is_err(), "{digest}");
    }
}

#[test]
fn a_context_may_be_written_out_as_the_document_it_would_be() {
    let did = Party::ed25519(1).did;
    let mut plain = credential(&did);
    plain["@context"] = json!([V2, { "alumniOf": "https://e.example/alumniOf" }]);
    plain["type"] = json!(["VerifiableCredential"]);
    plain["evidence"] = json!({ "type": "https://e.example/E" });
    plain["credentialSubject"] = json!({ "alumniOf": "A" });
    let mut wrapped = plain.clone();
    wrapped["@context"][1] = json!({ "@context": { "alumniOf": "https://e.example/alumniOf" } });
    for document in [&plain, &wrapped] {
        assert_eq!(judged(document, Suite::EddsaRdfc2022), Ok(()));
    }
    for bad in [
        json!({ "@context": { "@context": { "alumniOf": "https://e.example/alumniOf" } } }),
        json!({ "@context": "https://unknown.example/" }),
        json!({ "@context": {}, "alumniOf": "https://e.example/alumniOf" }),
        json!({ "@context": null }),
    ] {
        wrapped["@context"][1] = bad.clone();
        assert!(judged(&wrapped, Suite::EddsaRdfc2022).is_err(), "{bad}");
    }
}

#[test]
fn the_first_signer_of_a_chain_need_not_be_the_issuer() {
    let (issuer, witness) = (Party::ed25519(1), Party::ed25519(2));
    with(|credentials| {
        let own = issuer.asserts(Suite::EddsaRdfc2022);
        let signed = credentials
            .issue(&credential(&issuer.did), &own, issuer.key.as_ref())
            .unwrap();
        let mut first = witness.asserts(Suite::EddsaRdfc2022);
        first.id = Some("urn:uuid:1".to_owned());
        let mut document = credentials
            .issue(&signed, &first, witness.key.as_ref())
            .unwrap();
        document["proof"].as_array_mut().unwrap().remove(0);
        let judge = |document: &Value| {
            credentials
                .verify(document.to_string().as_bytes(), NOW)
                .map(|found| found.proofs.len())
        };
        let alone = Err(Error::Proof("none is by the issuer"));
        assert_eq!(judge(&document), alone);
        let mut second = own;
        second.previous = vec!["urn:uuid:1".to_owned()];
        let mut chain = credentials
            .issue(&document, &second, issuer.key.as_ref())
            .unwrap();
        assert_eq!(judge(&chain), Ok(2));
        second.previous = vec!["urn:uuid:2".to_owned()];
        assert!(
            credentials
                .issue(&document, &second, issuer.key.as_ref())
                .is_err()
        );
        chain["proof"].as_array_mut().unwrap().remove(0);
        assert!(judge(&chain).is_err());
    });
}
