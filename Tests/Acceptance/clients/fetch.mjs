// Fetches a URL through the proxy of HTTPS_PROXY as Node's proxy agents do it; told nothing about certificates.
import http from "node:http";
import tls from "node:tls";

const url = new URL(process.argv[2]);
const proxy = new URL(process.env.HTTPS_PROXY);
const connect = http.request({ host: proxy.hostname, port: proxy.port, method: "CONNECT", path: `${url.host}:443` });
connect.on("connect", (answer, socket) => {
    const secure = tls.connect({ socket, servername: url.hostname }, () => {
        const headers = { Host: url.host };
        http.get({ path: url.pathname, headers, createConnection: () => secure }, (response) => {
            console.log(response.statusCode);
            secure.end();
        });
    });
});
connect.end();
