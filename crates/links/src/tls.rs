//! TLS: one provider, post-quantum key exchange alone, and relays known by the key of their node.

use core::fmt;
use core::net::IpAddr;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::RwLock;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use webx_overlay::NodeId;

use crate::relay_address::RelayAddress;

/// The most addresses of relays remembered.
const MOST_PINS: usize = 1024;
/// What stands before the 32 bytes of an Ed25519 key in a certificate (RFC 8410).
const ED25519_KEY: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// The one provider: aws-lc-rs, and X25519MLKEM768 as the only key exchange, so that a handshake without it fails.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    let mut provider = aws_lc_rs::default_provider();
    provider.kx_groups = vec![aws_lc_rs::kx_group::X25519MLKEM768];
    Arc::new(provider)
}

/// Whose relay is expected at which address.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pins(Arc<RwLock<HashMap<IpAddr, HashSet<NodeId>>>>);

impl Pins {
    /// A relay that may be called. `false`: there are too many.
    pub(crate) fn expect(&self, relay: &RelayAddress) -> bool {
        let mut pins = self.0.write();
        if pins.len() >= MOST_PINS && !pins.contains_key(&relay.address.ip()) {
            return false;
        }
        let nodes = pins.entry(relay.address.ip()).or_default();
        if nodes.len() >= 64 {
            return false;
        }
        nodes.insert(relay.node);
        true
    }

    fn expected(&self, ip: IpAddr, node: NodeId) -> bool {
        self.0
            .read()
            .get(&ip)
            .is_some_and(|nodes| nodes.contains(&node))
    }
}

/// Takes a relay's certificate if it is of the key that is expected at that address.
pub(crate) struct PinnedRelay {
    pub(crate) pins: Pins,
    pub(crate) provider: Arc<CryptoProvider>,
}

impl fmt::Debug for PinnedRelay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinnedRelay")
    }
}

/// The Ed25519 key of a certificate.
fn key_of(certificate: &CertificateDer<'_>) -> Option<NodeId> {
    let certificate = rustls::server::ParsedCertificate::try_from(certificate).ok()?;
    let key = certificate.subject_public_key_info();
    let bytes = key.as_ref().strip_prefix(&ED25519_KEY)?;
    Some(NodeId(bytes.try_into().ok()?))
}

impl ServerCertVerifier for PinnedRelay {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let ServerName::IpAddress(ip) = server_name else {
            return Err(Error::General("a relay is known by its address".into()));
        };
        let node = key_of(end_entity)
            .ok_or_else(|| Error::General("a relay's certificate is of an Ed25519 key".into()))?;
        if self.pins.expected(IpAddr::from(*ip), node) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::General(
                "the relay's certificate is of another node".into(),
            ))
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("relays speak TLS 1.3".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

/// A certificate of the node's own key, made afresh, for its relay.
pub(crate) fn server_config(
    key: &ed25519_dalek::SigningKey,
) -> Result<rustls::ServerConfig, Error> {
    let general = |error: &dyn fmt::Display| Error::General(error.to_string());
    let mut pkcs8 = zeroize::Zeroizing::new(Vec::with_capacity(48));
    // RFC 8410: version 0, Ed25519, the seed as an OCTET STRING in an OCTET STRING.
    pkcs8.extend_from_slice(&[
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
    ]);
    pkcs8.extend_from_slice(zeroize::Zeroizing::new(key.to_bytes()).as_slice());
    let der = rustls::pki_types::PrivatePkcs8KeyDer::from(pkcs8.as_slice());
    let pair = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&der, &rcgen::PKCS_ED25519)
        .map_err(|e| general(&e))?;
    let params = rcgen::CertificateParams::new(Vec::<String>::new()).map_err(|e| general(&e))?;
    let certificate = params.self_signed(&pair).map_err(|e| general(&e))?;
    rustls::ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], der.clone_key().into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_only_key_exchange_is_post_quantum() {
        let groups: Vec<_> = provider()
            .kx_groups
            .iter()
            .map(|group| group.name())
            .collect();
        assert_eq!(groups, [rustls::NamedGroup::X25519MLKEM768]);
    }

    #[test]
    fn the_number_of_pins_is_bounded() {
        let pins = Pins::default();
        let relay = |n: u32| RelayAddress {
            node: NodeId([1; 32]),
            address: (core::net::Ipv4Addr::from(n), 443).into(),
            tls: true,
        };
        let taken = (0..5000).filter(|n| pins.expect(&relay(*n))).count();
        assert_eq!(taken, MOST_PINS);
        assert!(pins.expect(&relay(0)), "one that is known is still welcome");
    }
}
