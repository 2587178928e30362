"""A certificate authority for the tests, created with openssl."""

import subprocess


def openssl(directory, *arguments):
    subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)


class Authority:
    """Signs certificates for loopback. Clients must trust `certificate`."""

    KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")

    def __init__(self, directory, name):
        self.directory = directory
        directory.mkdir()
        self.certificate = directory / "ca.pem"
        openssl(directory, "req", "-x509", *self.KEY, "-days", "2", "-subj", f"/CN={name}",
                "-keyout", "ca.key", "-out", "ca.pem")

    def issue(self, name, hosts=("localhost",)):
        """Returns the paths of a certificate and its key, valid for these hosts and for 127.0.0.1."""
        certificate, key, request = (self.directory / f"{name}.{kind}" for kind in ("pem", "key", "csr"))
        openssl(self.directory, "req", *self.KEY, "-subj", f"/CN={name}", "-keyout", key, "-out", request,
                "-addext", f"subjectAltName={','.join(f'DNS:{host}' for host in hosts)},IP:127.0.0.1")
        openssl(self.directory, "x509", "-req", "-in", request, "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-copy_extensions", "copy", "-days", "2", "-out", certificate)
        return certificate, key
