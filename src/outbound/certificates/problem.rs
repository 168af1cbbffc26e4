//! What can be wrong with a server or its certificate, as one table: the number on disk, the word, the label, the sentences.

use minicbor::{Decode, Encode};

/// Declares the problems: their number on disk, their word in the API, the label, the sentence in English and in German.
macro_rules! problems {
    ($($n:literal $name:ident $word:literal $label:literal $english:literal $german:literal,)+) => {
        /// What is wrong. Those of a certificate stand behind those of the way to it, the gravest first.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
        #[cbor(index_only)]
        pub enum Problem {
            $(#[n($n)] $name,)+
        }
        impl Problem {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];
            /// The word in the API and in events.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }
            /// The word on pages.
            pub fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)+ }
            }
            /// What is wrong, in a sentence.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$name => $english,)+ }
            }
            /// The same in German, for mails.
            pub fn sentence_de(self) -> &'static str {
                match self { $(Self::$name => $german,)+ }
            }
        }
    };
}

problems! {
    0 NameNotFound "name_not_found" "Name not found" "The name was not found." "Der Name wurde nicht gefunden.",
    1 NotPublic "not_public" "Not public" "The name leads into a network that is not public. The setting webhooks.private_networks can allow it." "Der Name führt in ein Netz, das nicht öffentlich ist.",
    2 Refused "refused" "Refused" "The connection was refused: nothing listens there." "Die Verbindung wurde abgelehnt: dort antwortet kein Programm.",
    3 TimedOut "timed_out" "No answer" "There was no answer in time." "Es kam nicht rechtzeitig eine Antwort.",
    4 Unreachable "unreachable" "Not reached" "The server could not be reached." "Der Server war nicht erreichbar.",
    5 NotTls "no_tls" "No TLS" "What answers there does not speak TLS." "Was dort antwortet, spricht kein TLS.",
    6 Handshake "handshake_failed" "No encryption" "The encryption could not be agreed on: the server offers nothing that is safe today, or broke off." "Die Verschlüsselung kam nicht zustande: der Server bietet nichts, was heute sicher ist, oder brach ab.",
    7 Expired "expired" "Expired" "The certificate has expired." "Das Zertifikat ist abgelaufen.",
    8 NotYetValid "not_yet_valid" "Not valid yet" "The certificate is not valid yet." "Das Zertifikat gilt noch nicht.",
    9 WrongName "wrong_name" "Wrong name" "The certificate is for other names than this one." "Das Zertifikat gilt für andere Namen als diesen.",
    10 SelfSigned "self_signed" "Self-signed" "The certificate is signed by itself; no browser trusts it." "Das Zertifikat ist von sich selbst unterschrieben; kein Browser vertraut ihm.",
    11 Untrusted "untrusted" "Not trusted" "Nobody who is trusted vouches for the certificate: its authority is not known, or the server leaves out the certificates in between." "Niemand Bekanntes steht für das Zertifikat ein: die ausstellende Stelle ist nicht bekannt, oder der Server lässt die Zertifikate dazwischen weg.",
    12 Unreadable "unreadable" "Not readable" "The certificate cannot be read." "Das Zertifikat ist nicht lesbar.",
}

impl Problem {
    /// Whether it is one of the certificate, and not of the way to the server.
    pub fn is_of_certificate(self) -> bool {
        self >= Self::Expired
    }
}
