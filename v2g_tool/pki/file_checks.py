"""What the checks of files, keys and trust stores mean."""

from v2g_tool.model.check import Check

_STEP = "Field manual, step 3 (Install Utility Root Certificates)"
_TLS = "Field manual, The Admin Desk, TLS handshake"
_HARDENING = "Field manual, Optimization and Hardening, Security Hardening"
_PEM = "RFC 7468"
_PINS = "ISO 15118-2, Annex E; fingerprints come over a second channel"
FILE = Check(
    "CERT-FILE-001",
    "Every file of the PKI is there and can be read",
    8,
    "The path in the site file is wrong, or the file was never installed or is damaged.",
    "Install the file that is named, or correct its path in [pki] of the site file.",
    _STEP,
)
FORM = Check(
    "CERT-FILE-002",
    "Every file has the form that programs expect",
    4,
    "An export tool added a byte order mark, Windows line ends or more than was asked for.",
    "Export it again as plain PEM, or: openssl x509 -in FILE -out NEW.",
    _PEM,
)
KEY_MATCH = Check(
    "CERT-KEY-001",
    "The private key belongs to the certificate",
    9,
    "The key is that of another request, or of the certificate before the last renewal.",
    "Restore the key of this certificate, or have a new certificate issued for this key.",
    _STEP,
)
KEY_MODE = Check(
    "CERT-KEY-002",
    "Nobody but its owner can read the private key",
    9,
    "The file was copied with the usual permissions, or a link leads to an open copy.",
    "A key that others could read should be replaced. Now: sudo chmod 600 FILE",
    _STEP,
)
KEY_OWNER = Check(
    "CERT-KEY-003",
    "The private key belongs to root or its account",
    5,
    "The file was copied by a person and still belongs to them.",
    "sudo chown ACCOUNT FILE",
    _HARDENING,
)
KEY_STORE = Check(
    "CERT-KEY-004",
    "The private key lives where the site wants it",
    6,
    "The key lies in a file although the site asks for a TPM or a token.",
    "Generate the key in the TPM or token and have its certificate issued anew.",
    _HARDENING,
)
PASSPHRASE = Check(
    "CERT-KEY-005",
    "Nobody but its owner can read the passphrase",
    6,
    "The passphrase lies beside the key with open permissions, so the lock is worth nothing.",
    "Remove it and use a systemd credential, or: sudo chmod 600 FILE",
    _HARDENING,
)
KEY_REUSE = Check(
    "CERT-KEY-006",
    "Every certificate has a key of its own",
    8,
    "One key pair was used for several roles or sites: who takes one has all.",
    "Generate a new key for one of them and have its certificate issued anew.",
    "NIST SP 800-57 Part 1, 5.2",
)
KEY_OPEN = Check(
    "CERT-KEY-007",
    "The private key can be opened with what is at hand",
    7,
    "It is locked, and the passphrase is missing or another one; or the file is damaged.",
    "Name the file of its passphrase as passphrase_file, or restore the key.",
    "RFC 5958; RFC 1421, 4.6",
)
FOLDER = Check(
    "CERT-DIR-001",
    "Only its owner can enter the folder of the keys",
    5,
    "The folder was made with the usual permissions.",
    "sudo chmod 700 FOLDER",
    _HARDENING,
)
INTER_LINK = Check(
    "CERT-LINK-001",
    "v2g-inter-ca.pem is the CA that signed the charger",
    8,
    "The link was never made, leads nowhere, or still leads to the CA before its renewal.",
    "Link it there, never in the system's store: sudo ln -sfn CA_FILE STORE/v2g-inter-ca.pem",
    _TLS,
)
PIN = Check(
    "CERT-PIN-001",
    "Every root is the one that the site file names",
    9,
    "The root was renewed, or somebody put another one here.",
    "Compare its fingerprint over another channel; only then change 'pins' in the site file.",
    _PINS,
)
EXTRA = Check(
    "CERT-PIN-002",
    "No further root is trusted",
    6,
    "A root was left here by a test or another site.",
    "Remove it from the store, or add its fingerprint to 'pins' after comparing it.",
    _PINS,
)
STORE_SUFFIX = Check(
    "CERT-STORE-001",
    "Every file in the system's CA folder is taken",
    7,
    "update-ca-certificates takes files that end in .crt and passes over all others without a word.",
    "sudo mv FILE.pem FILE.crt && sudo update-ca-certificates",
    _STEP,
)
STORE_OLD = Check(
    "CERT-STORE-002",
    "The system's store holds every CA of its folder",
    8,
    "A file was added or changed after the store was built.",
    "sudo update-ca-certificates",
    _STEP,
)
STORE_LINK = Check(
    "CERT-STORE-003",
    "Every link of the system's store leads to a certificate",
    5,
    "A file was removed or renamed without rebuilding the store.",
    "sudo update-ca-certificates --fresh",
    _STEP,
)
STORE_MANY = Check(
    "CERT-STORE-004",
    "Every file in the system's CA folder holds one",
    5,
    "Several certificates were joined; programs that look up by hash do not find them.",
    "Split it into one file for each certificate, then: sudo update-ca-certificates",
    _STEP,
)
STORE_NO_ROOT = Check(
    "CERT-STORE-005",
    "The system trusts roots only",
    7,
    "A sub-CA or an end certificate was put in the system's store: every program now trusts it by itself.",
    "Remove it from the folder, then: sudo update-ca-certificates --fresh",
    _STEP,
)
STORE_V2G = Check(
    "CERT-STORE-006",
    "V2G roots are trusted by the charger alone",
    5,
    "A V2G root in the system's store lets the V2G PKI speak for any web server.",
    "Move it to the V2G store, then: sudo update-ca-certificates --fresh",
    _STEP,
)
UTILITY = Check(
    "CERT-STORE-007",
    "The utility's root is in the system's store",
    8,
    "Step 3 of the manual was not done, or its file is another one.",
    "sudo v2g-tool certs install ROOT.crt --fingerprint SHA256",
    _STEP,
)
INSTALL = Check(
    "CERT-INSTALL-001",
    "The root that was given is in the system's store",
    8,
    "It is none that belongs there, the right to write is missing, or the program that builds the store failed.",
    "Run it again with sudo and the fingerprint: sudo v2g-tool certs install ROOT.crt --fingerprint SHA256",
    _STEP,
)
RECOVERY = Check(
    "CERT-INSTALL-002",
    "No installation of a root was left half done",
    8,
    "A run was cut off, for example by a power failure, after it had begun to write.",
    "Run the installation again: it first brings back what lay there before.",
    "This program: a change is complete or undone",
)
MODES = Check(
    "CERT-MODE-001",
    "Keys and passphrases were closed to others",
    7,
    "Nobody agreed to a change, or the right to make it is missing.",
    "Run it again as the owner, and answer y: sudo v2g-tool certs fix-modes",
    _STEP,
)
