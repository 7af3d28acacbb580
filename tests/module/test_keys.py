#!/usr/bin/python3
"""Private keys: those that this host makes, by the running helper and the command, and those in tokens and TPMs. What is signed is
checked by OpenSSL's own command, which shares nothing with what signs but the library."""
import base64
import json
import os
import signal
import stat
import subprocess
import tempfile
import time

from rig import BUILD, STRANGER, UID, Rig, run, wait_until

CONFIG = """
[latchkey]
allow_insecure_loopback = yes
log = stderr
[provider demo]
issuer = http://127.0.0.1:9
client_id = latchkey
[access]
everyone = yes
"""
PROBE = os.path.join(BUILD, "tests/module/sign_probe")
TYPES = {"rsa2048": "RS256", "p256": "ES256", "p384": "ES384", "ed25519": "EdDSA"}


def latchkey(rig, *arguments, uid=0):
    return subprocess.run([rig.path("bin", "latchkey"), *arguments, "--socket", rig.path("run", "io.latchkey")],
                          capture_output=True, text=True, check=False, user=uid or None)


def good(rig, *arguments):
    done = latchkey(rig, *arguments)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def openssl(*arguments, text=None, environment=None):
    done = subprocess.run(["openssl", *arguments], input=text, capture_output=True, check=False,
                          env={**os.environ, **(environment or {})})
    assert done.returncode == 0, done
    return done.stdout


def unpad(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def der(signature):
    """RFC 7518 section 3.4, the other way round."""
    def number(n):
        n = n.lstrip(b"\0") or b"\0"
        n = (b"\0" if n[0] & 0x80 else b"") + n
        return b"\x02" + bytes([len(n)]) + n
    half = len(signature) // 2
    body = number(signature[:half]) + number(signature[half:])
    return b"\x30" + bytes([len(body)]) + body


def verify(token, public, folder):
    """By OpenSSL's command, with the public key in PEM."""
    head, payload, signature = token.split(".")
    algorithm = json.loads(unpad(head))["alg"]
    paths = [os.path.join(folder, n) for n in ("public.pem", "signature", "text")]
    raw = unpad(signature)
    for path, content in zip(paths, (public.encode(), der(raw) if algorithm[0] == "E" and algorithm[1] == "S" else raw,
                                     f"{head}.{payload}".encode())):
        with open(path, "wb") as f:
            f.write(content)
    options = {"PS256": ["-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:digest"]}.get(algorithm, [])
    digest = {"EdDSA": [], "ES384": ["-digest", "sha384"]}.get(algorithm, ["-digest", "sha256"])
    openssl("pkeyutl", "-verify", "-pubin", "-inkey", paths[0], "-rawin", *digest, *options, "-sigfile", paths[1],
            "-in", paths[2])


def probe(source, *algorithm, environment=None, uid=0):
    return subprocess.run([PROBE, source, *algorithm], capture_output=True, text=True, check=False, timeout=60,
                          env={**os.environ, "TSS2_LOG": "all+NONE", **(environment or {})}, user=uid or None)


def signed(source, *algorithm, environment=None):
    done = probe(source, *algorithm, environment=environment)
    assert (done.returncode, done.stderr) == (0, ""), done
    token, jwk, certificate = done.stdout.split("\n", 2)
    assert json.loads(unpad(token.split(".")[0]))["kid"] == json.loads(jwk)["kid"]
    with tempfile.NamedTemporaryFile("w") as f:
        f.write(certificate)
        f.flush()
        openssl("verify", "-CAfile", f.name, "-partial_chain", "-check_ss_sig", f.name)
    return token


def private_text(rig, name):
    with open(rig.path("private", "keys", name + ".pem"), encoding="ascii") as f:
        return f.read()


def test_made_shown_and_exchanged():
    """AS-03's key and its life: each type is made, signs what OpenSSL believes, is shown in each form and exchanged."""
    with Rig(CONFIG) as rig, tempfile.TemporaryDirectory() as folder:
        rig.wait_log("is ready")
        assert good(rig, "key") == ""
        for kind, algorithm in TYPES.items():
            name = "k-" + kind
            made = json.loads(good(rig, "key", "new", name, "--type", kind, "--json"))
            path = rig.path("private", "keys", name + ".pem")
            info = os.stat(path)
            assert (stat.S_IMODE(info.st_mode), info.st_uid, info.st_nlink) == (0o600, UID, 1)
            jwk = json.loads(good(rig, "key", "public", name, "--jwk"))
            assert (jwk["kid"], jwk["alg"]) == (made["kid"], algorithm) and not set(jwk) & {"d", "p", "q", "dp", "dq", "qi"}
            pem = good(rig, "key", "public", name, "--pem")
            certificate = good(rig, "key", "public", name, "--certificate", "--subject", "host.example", "--days", "90")
            assert len(certificate) <= 4096
            assert openssl("x509", "-noout", "-pubkey", text=certificate.encode()).decode() == pem
            assert b"CN = host.example" in openssl("x509", "-noout", "-subject", text=certificate.encode())
            os.chown(path, 0, 0)  # the probe is root here
            token = signed(path)
            verify(token, pem, folder)
            if kind == "rsa2048":
                verify(signed(path, "PS256"), pem, folder)
            os.chown(path, UID, UID)

        first = json.loads(good(rig, "key", "public", "k-p256"))["keys"]
        good(rig, "key", "rotate", "k-p256")
        both = json.loads(good(rig, "key", "public", "k-p256"))["keys"]
        assert [k["kid"] for k in both][:1] == [first[0]["kid"]] and len(both) == 2
        assert json.loads(good(rig, "key", "public", "k-p256", "--jwk")) == both[1]
        assert "to be followed by " + both[1]["kid"] in good(rig, "key")
        again = latchkey(rig, "key", "rotate", "k-p256")
        assert again.returncode == 1 and "already" in again.stderr, again
        good(rig, "key", "rotate", "k-p256", "--finish")
        assert json.loads(good(rig, "key", "public", "k-p256"))["keys"] == both[1:]
        for option in ("--finish", "--cancel"):
            assert "no change of it is under way" in latchkey(rig, "key", "rotate", "k-p256", option).stderr

        before = private_text(rig, "k-p256")
        taken = latchkey(rig, "key", "new", "k-p256")
        assert taken.returncode == 1 and "already" in taken.stderr, taken
        assert private_text(rig, "k-p256") == before
        good(rig, "key", "delete", "k-p256")
        assert latchkey(rig, "key", "public", "k-p256").returncode == 1
        for name in ("../k", "a.next", "", "a" * 65):
            assert latchkey(rig, "key", "new", name).returncode != 0
        path = rig.path("private", "keys", "k-ed25519.pem")
        assert json.loads(good(rig, "key", "public", path))["keys"] == json.loads(good(rig, "key", "public", "k-ed25519"))["keys"]
        os.chmod(path, 0o640)
        assert "others than its owner" in latchkey(rig, "key", "public", path).stderr
        done = latchkey(rig, "key", "public", "pkcs11:object=k?module-path=/nothing&pin-value=712943")
        assert "the token or TPM is not there" in done.stderr and "712943" not in done.stderr + rig.log(), done
        os.chmod(rig.path("private", "keys", "k-p384.pem"), 0o640)
        assert "CANNOT BE USED: others than its owner may use it" in good(rig, "key")


def test_the_key_cannot_be_had():
    """L14: not by another uid, not from the log, not from the helper's memory or a core file of it."""
    with Rig(CONFIG) as rig:
        rig.wait_log("is ready")
        good(rig, "key", "new", "main")
        for method, parameters in (("NewSigningKey", {"name": "x"}), ("ListSigningKeys", {}), ("ShowSigningKey", {"name": "main"}),
                                   ("RotateSigningKey", {"name": "main", "action": "start"}),
                                   ("DeleteSigningKey", {"name": "main"})):
            assert rig.client(STRANGER).ask("io.latchkey." + method, **parameters)["error"] == "io.latchkey.NotPermitted"
        body = "".join(private_text(rig, "main").splitlines()[1:-1])
        shown = json.dumps([rig.client().ask("io.latchkey.ShowSigningKey", name="main"),
                            rig.client().ask("io.latchkey.ListSigningKeys")])
        assert body[-40:] not in shown and body[-40:] not in rig.log() and "PRIVATE" not in shown + rig.log()
        for path in (rig.path("private"), rig.path("private", "keys")):
            assert stat.S_IMODE(os.stat(path).st_mode) & 0o077 == 0, path
        assert subprocess.run(["cat", rig.path("private", "keys", "main.pem")], user=STRANGER, capture_output=True,
                              check=False).returncode != 0
        pid = rig.helper.pid
        assert os.stat(f"/proc/{pid}/mem").st_uid == 0, "not dumpable: its memory is nobody's, not even its own user's"
        with open(f"/proc/{pid}/limits", encoding="ascii") as f:
            assert any(line.split()[:5] == ["Max", "core", "file", "size", "0"] for line in f)


def test_killed_at_any_moment():
    """C1: whoever is killed while a key is made leaves a whole one or none, and a helper that starts and makes one."""
    with Rig(CONFIG) as rig:
        for i in range(12):
            rig.wait_log("is ready")
            client = rig.client()
            client.call("io.latchkey.NewSigningKey", name=f"k{i}")
            time.sleep(i * 0.0005)  # any moment will do
            rig.helper.stop(signal.SIGKILL)
            client.close()
            os.unlink(rig.path("latchkeyd.log"))
            rig.helper.start()
        rig.wait_log("is ready")
        listed = json.loads(good(rig, "key", "--json"))
        assert not [k for k in listed if "fault" in k], listed
        present = {k["name"] for k in listed}
        for i in range(12):
            assert latchkey(rig, "key", "new", f"k{i}").returncode == (1 if f"k{i}" in present else 0)


def test_in_a_token():
    """PKCS#11, tried with SoftHSM: signs, says what is missing, and never prints the PIN."""
    with tempfile.TemporaryDirectory() as folder:
        conf = {"SOFTHSM2_CONF": os.path.join(folder, "conf")}
        os.mkdir(os.path.join(folder, "tokens"))
        with open(conf["SOFTHSM2_CONF"], "w", encoding="ascii") as f:
            f.write(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
        util = {"check": True, "capture_output": True, "env": {**os.environ, **conf}}
        subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "t", "--pin", "712943", "--so-pin", "1234"], **util)
        pin = os.path.join(folder, "pin")
        with open(pin, "w", encoding="ascii") as f:
            f.write("712943\n")
        os.chmod(pin, 0o600)
        module = "/usr/lib/softhsm/libsofthsm2.so"
        for number, (label, options) in enumerate((("rsa", ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
                                                   ("ec", ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"])), 1):
            pem = os.path.join(folder, label + ".pem")
            openssl("genpkey", "-algorithm", *options, "-out", pem)
            subprocess.run(["softhsm2-util", "--import", pem, "--token", "t", "--label", label, "--id", f"0{number}",
                            "--pin", "712943"], **util)
            public = openssl("pkey", "-in", pem, "-pubout").decode()
            source = f"pkcs11:token=t;object={label}?module-path={module}&pin-source=file:{pin}"
            verify(signed(source, environment=conf), public, folder)
            if label == "rsa":
                verify(signed(source, "PS256", environment=conf), public, folder)
            for wrong, why in ((source.replace("object=", "object=no"), "has no such key"),
                               (source.replace(module, "/nothing"), "is not there"),
                               (f"pkcs11:token=t;object={label}?module-path={module}&pin-value=999999", "refuses to use it"),
                               (source.replace(pin, pin + "x"), "the file of its PIN"),
                               (f"pkcs11:token=t;object={label}?module-path={module}", "refuses to use it")):
                done = probe(wrong, environment=conf)
                assert done.returncode == 1 and why in done.stderr and "999999" not in done.stderr, done
        os.chmod(pin, 0o640)
        assert "the file of its PIN" in probe(source, environment=conf).stderr
        os.chmod(pin, 0o600)
        done = probe(source, environment={**conf, "OPENSSL_ENGINES": folder, "OPENSSL_MODULES": folder})
        assert done.returncode == 1 and "driver for such a key is not installed" in done.stderr, done


def test_in_a_tpm():
    """TPM 2.0, tried with swtpm: signs, and says what is missing. A plain key in the place of a TPM's is refused."""
    with tempfile.TemporaryDirectory() as folder:
        socket = os.path.join(folder, "tpm.sock")
        tcti = {"TPM2OPENSSL_TCTI": "swtpm:path=" + socket, "TSS2_LOG": "all+NONE"}
        with subprocess.Popen(["swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + folder, "--server",
                               "type=unixio,path=" + socket, "--ctrl", f"type=unixio,path={socket}.ctrl", "--flags",
                               "not-need-init,startup-clear"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as tpm:
            try:
                wait_until(lambda: os.path.exists(socket) and os.path.exists(socket + ".ctrl"))
                for label, options, algorithms in (("ec", ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"], ["ES256"]),
                                                   ("rsa", ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"], ["RS256", "PS256"])):
                    pem = os.path.join(folder, label + ".pem")
                    provider = ["-provider", "tpm2", "-provider", "default"]
                    openssl("genpkey", *provider, "-algorithm", *options, "-out", pem, environment=tcti)
                    os.chmod(pem, 0o600)
                    public = openssl("pkey", *provider, "-in", pem, "-pubout", environment=tcti).decode()
                    for algorithm in algorithms:
                        verify(signed("tpm:" + pem, algorithm, environment=tcti), public, folder)
                    os.chmod(pem, 0o640)
                    assert "others than its owner" in probe("tpm:" + pem, environment=tcti).stderr
                    os.chmod(pem, 0o600)
                plain = os.path.join(folder, "plain.pem")
                openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", plain)
                assert "has no such key" in probe("tpm:" + plain, environment=tcti).stderr
                assert "has no such key" in probe("tpm:0x81000099", environment=tcti).stderr
                done = probe("tpm:" + pem, environment={**tcti, "OPENSSL_MODULES": folder})
                assert done.returncode == 1 and "driver for such a key is not installed" in done.stderr, done
            finally:
                tpm.terminate()
        done = probe("tpm:" + pem, environment=tcti)
        assert done.returncode == 1 and "the token or TPM is not there" in done.stderr, done


if __name__ == "__main__":
    run([f for name, f in sorted(globals().items()) if name.startswith("test_")])
