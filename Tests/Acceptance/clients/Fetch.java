import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import javax.net.ssl.HttpsURLConnection;

/** Fetches a URL with both of Java's own clients, told nothing about proxies or certificates. */
class Fetch {
    public static void main(String[] arguments) throws Exception {
        URI uri = URI.create(arguments[0]);
        int old = ((HttpsURLConnection) uri.toURL().openConnection()).getResponseCode();
        int current = HttpClient.newHttpClient().send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString()).statusCode();
        System.out.println(old + " " + current);
    }
}
