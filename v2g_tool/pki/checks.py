"""What the checks of certificates, paths, revocation lists and OCSP responses mean."""

from v2g_tool.model.check import Check

_TLS = "Field manual, The Admin Desk, TLS handshake"
_PATH = "RFC 5280, 6.1"
_VALIDITY = "RFC 5280, 4.1.2.5"
_CRL = "RFC 5280, 5 and 6.3"
_OCSP = "RFC 6960, 3.2 and 4.2.2"
_PROFILE = "The PKI profile that the site file names"
_SEP2 = "IEEE 2030.5-2018, 6.11"
CHAIN = Check(
    "CERT-CHAIN-001",
    "A path leads to a root that is trusted here",
    9,
    "A sub-CA is missing in the chain file, or the root is not in the store.",
    "Add the issuer that is named to the chain file, or its root to the store.",
    _PATH,
)
ORDER = Check(
    "CERT-CHAIN-002",
    "The chain file has leaf, Sub-CA 2, Sub-CA 1",
    5,
    "The files were joined in another order, or with one that does not belong there; some peers then find no path.",
    "Join them again: cat leaf.pem sub-ca-2.pem sub-ca-1.pem > chain.pem",
    "RFC 5246, 7.4.2",
)
ROOT_SENT = Check(
    "CERT-CHAIN-003",
    "The chain file leaves the root out",
    3,
    "The root was joined to the chain: the peer has it or does not trust it, and the handshake grows.",
    "Remove it from the chain file.",
    "RFC 5246, 7.4.2",
)
PATH_LENGTH = Check(
    "CERT-CHAIN-004",
    "No CA has more CAs below it than it allows",
    8,
    "A sub-CA issued another CA although its path length constraint forbids that.",
    "Have the certificate issued by a CA that may do so.",
    "RFC 5280, 4.2.1.9",
)
DEPTH = Check(
    "CERT-CHAIN-005",
    "The path is as short as the standard demands",
    7,
    "There are more sub-CAs than a vehicle must accept.",
    "Have the certificate issued by a CA nearer to the root.",
    "ISO 15118-2, [V2G2-009]",
)
TWINS = Check(
    "CERT-CHAIN-006",
    "One CA name stands for one certificate",
    4,
    "A CA was renewed or cross-signed, and both certificates lie here.",
    "Remove the one that is no longer used once all certificates below it are renewed.",
    "RFC 5280, 6.1",
)
SERIAL = Check(
    "CERT-CHAIN-007",
    "A CA gives each serial number once",
    6,
    "A test PKI, or a CA that lost its count: a revocation then hits several certificates.",
    "Have one of them issued anew.",
    "RFC 5280, 4.1.2.2",
)
SUB_IN_ROOTS = Check(
    "CERT-CHAIN-008",
    "Only roots stand among the roots",
    7,
    "A sub-CA was copied into the store of roots and is trusted by itself, past every revocation.",
    "Move it to the chain file; only self-signed roots belong in the store.",
    _PATH,
)
EXPIRED = Check(
    "CERT-TIME-001",
    "No certificate of the path has ended",
    9,
    "It was not renewed in time.",
    "Have it renewed by its issuer and install the new one.",
    _VALIDITY,
)
NOT_YET = Check(
    "CERT-TIME-002",
    "Every certificate of the path has begun",
    8,
    "It was issued for later, or a clock is wrong: this one or that of its CA.",
    "Compare the clock with another source, then wait for its beginning or have it issued anew.",
    _VALIDITY,
)
HORIZON = Check(
    "CERT-TIME-003",
    "No certificate of the path ends soon",
    6,
    "Nobody renewed it, or the automatic renewal fails.",
    "Renew it now, and find out why the automatic renewal did not.",
    _VALIDITY,
)
OUTLIVES = Check(
    "CERT-TIME-004",
    "No certificate outlives its issuer",
    4,
    "It was issued for longer than its CA: with the CA it ends, too.",
    "Renew the CA before that day, or reckon with the earlier end.",
    _VALIDITY,
)
LIFETIME = Check(
    "CERT-TIME-005",
    "It is issued for as long as its kind usually is",
    3,
    "The CA uses another profile than the standard's.",
    "Ask the CA for its certificate profile; a long life makes a lost key worse.",
    _PROFILE,
)
ENDLESS = Check(
    "CERT-TIME-006",
    "A certificate without an end is of a kind that has none",
    3,
    "IEEE 2030.5 certificates never end; others should.",
    "None needed for IEEE 2030.5.",
    "IEEE 2030.5-2018, 6.11",
)
CLOCK = Check(
    "CERT-CLOCK-010",
    "The clock is right",
    9,
    "No time source reaches this computer, or its clock ran empty.",
    "Until 'timedatectl' says synchronized: yes, judge no date. Now: sudo timedatectl set-ntp true",
    _TLS,
)
SYNC = Check(
    "CERT-CLOCK-011",
    "The clock is kept right by a time source",
    5,
    "No NTP client runs, or none of its servers answers.",
    "Allow UDP port 123 to a time server. Now: sudo timedatectl set-ntp true",
    _TLS,
)
CURVE = Check(
    "CERT-ALG-001",
    "The key is of the kind that the standard demands",
    6,
    "The certificate was made for another edition of the standard.",
    "Have it issued with the key that is named.",
    _PROFILE,
)
HASH = Check(
    "CERT-ALG-002",
    "No signature rests on SHA-1 or MD5",
    8,
    "The CA is old: such signatures can be forged, and peers refuse them.",
    "Have the certificate issued anew with SHA-256 or better.",
    "RFC 9155; NIST SP 800-131A",
)
RSA = Check(
    "CERT-ALG-003",
    "No RSA key is shorter than 2048 bits",
    8,
    "The key is old: such keys can be broken.",
    "Have the certificate issued anew with a longer key, better with P-256.",
    "NIST SP 800-131A",
)
EXPLICIT = Check(
    "CERT-ALG-004",
    "The curve of the key is named, not spelt out",
    7,
    "The key was made with explicit parameters, which OpenSSL 3 and most peers refuse.",
    "Generate the key with a named curve: openssl ecparam -name prime256v1 -genkey",
    "RFC 5480, 2.1.1",
)
KEY_USAGE = Check(
    "CERT-EXT-001",
    "Key usage says what the certificate is for",
    7,
    "The CA used the wrong profile.",
    "Have it issued anew with the key usage that is named.",
    _PROFILE,
)
BASIC = Check(
    "CERT-EXT-002",
    "Basic constraints say whether it is a CA",
    8,
    "The CA used the wrong profile, or the certificate is one of version 1.",
    "Have it issued anew with basic constraints.",
    "RFC 5280, 4.2.1.9",
)
KEY_IDS = Check(
    "CERT-EXT-003",
    "The key identifiers link certificate and issuer",
    5,
    "The CA left them out, or the CA's key was renewed and the identifier is that of the old one.",
    "Have it issued anew; a wrong identifier makes OpenSSL find no path.",
    "RFC 5280, 4.2.1.1",
)
CRITICAL = Check(
    "CERT-EXT-004",
    "No critical extension is unknown",
    8,
    "The certificate demands something that nobody here understands: peers must refuse it.",
    "Ask the CA what the extension means, and have it issued without.",
    "RFC 5280, 4.2",
)
PURPOSE = Check(
    "CERT-EXT-005",
    "Extended key usage allows what the certificate does",
    5,
    "The CA used a profile for another purpose.",
    "Have it issued anew with the purpose that is named, or without extended key usage.",
    "RFC 5280, 4.2.1.12",
)
NAME = Check(
    "CERT-SUBJ-001",
    "The name says the role",
    6,
    "The CA used another profile, or the certificate is one of a test PKI.",
    "Have it issued anew with the domain component and name that are named.",
    "ISO 15118-2, Annex F",
)
SIZE = Check(
    "CERT-SIZE-001",
    "The certificate is as small as the standard demands",
    4,
    "Long names or many extensions; a vehicle may have no room for more.",
    "Have it issued with shorter names.",
    "ISO 15118-2, [V2G2-010]",
)
POLICY = Check(
    "CERT-SEP2-001",
    "The policies say what device it is",
    7,
    "The certificate was not made after the profile of IEEE 2030.5.",
    "Have it issued anew with a critical policy of the device types 1.3.6.1.4.1.40732.1.1 to 1.3.",
    _SEP2,
)
TEST_POLICY = Check(
    "CERT-SEP2-002",
    "No test certificate is in use",
    6,
    "The certificate bears the policy of a test certificate.",
    "Have it issued by the production CA.",
    _SEP2,
)
DEVICE_ID = Check(
    "CERT-SEP2-003",
    "LFDI and SFDI are the registered ones",
    8,
    "The certificate was renewed and the utility still knows the old one, or the site file has a mistake.",
    "Register the new LFDI with the utility, then correct it in the site file.",
    "IEEE 2030.5-2018, 6.3.3 and 6.3.4",
)
CRL = Check(
    "CERT-CRL-001",
    "For every certificate it is known whether it is revoked",
    6,
    "No revocation list of its issuer and no valid OCSP response about it lies here.",
    "Ask the issuer where its revocation list is, and put it where 'crls' in the site file points.",
    _CRL,
)
CRL_STALE = Check(
    "CERT-CRL-002",
    "No revocation list is out of date",
    8,
    "The issuer's next list was not fetched; peers then end the handshake.",
    "Fetch a fresh one: sudo curl -fsSo FILE ADDRESS",
    _TLS,
)
CRL_SIGNER = Check(
    "CERT-CRL-003",
    "Every revocation list is signed by its CA",
    8,
    "The list is that of another CA of the same name, or was changed.",
    "Fetch the list from the address that the certificate names.",
    _CRL,
)
REVOKED = Check(
    "CERT-CRL-004",
    "No certificate is revoked",
    10,
    "The issuer has withdrawn it: its key may be in other hands.",
    "Stop using it, and have one with a new key issued.",
    _CRL,
)
CRL_TIME = Check(
    "CERT-CRL-005",
    "Revocation lists grow newer, none is of tomorrow",
    6,
    "A clock is wrong, or somebody put an older list in place of a newer one.",
    "Compare the clock, then fetch a fresh list.",
    _CRL,
)
CRL_RIGHT = Check(
    "CERT-CRL-006",
    "The CA may sign revocation lists",
    6,
    "Its key usage lacks cRLSign, so nobody has to believe its lists.",
    "Have the CA's certificate issued with cRLSign.",
    "RFC 5280, 4.2.1.3",
)
STAPLE = Check(
    "CERT-OCSP-001",
    "Every certificate that needs one has an OCSP response",
    5,
    "Nothing fetches it, so the charger has none to send along in the handshake.",
    "Fetch one: sudo openssl ocsp -issuer CA.pem -cert CERT.pem -url ADDRESS -respout FILE -noverify",
    "RFC 6066, 8; RFC 6961",
)
OCSP = Check(
    "CERT-OCSP-002",
    "Every OCSP response is fresh, rightly signed and good",
    8,
    "It was not fetched again in time, comes from another responder, or the CA has withdrawn the certificate.",
    "Fetch a fresh one: sudo openssl ocsp -issuer CA.pem -cert CERT.pem -url ADDRESS -respout FILE -noverify",
    _OCSP,
)
ENGINE = Check(
    "CERT-PATH-001",
    "The path holds by the rules of RFC 5280",
    9,
    "Something that no other check names breaks the path.",
    "Show what the evidence says to whoever issued the certificates.",
    _PATH,
)
EDITION_20 = Check(
    "CERT-AFIR-001",
    "ISO 15118-20 can be offered",
    1,
    "New Mode 3 charging points in the EU have to offer it from 2027-01-01.",
    "Ask the CPO for a second certificate after ISO 15118-20, with P-521 or Ed448.",
    "Regulation (EU) 2023/1804 with the delegated acts on ISO 15118",
)
