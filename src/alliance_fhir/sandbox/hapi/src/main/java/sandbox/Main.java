package sandbox;

import ca.uhn.fhir.batch2.api.IJobMaintenanceService;
import ca.uhn.fhir.context.FhirVersionEnum;
import ca.uhn.fhir.jpa.config.r4.JpaR4Config;
import ca.uhn.fhir.jpa.config.r5.JpaR5Config;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/**
 * java -jar sandbox.jar PORT R4|R4B|R5: a HAPI JPA server on http://127.0.0.1:PORT/fhir.
 *
 * <p>Options, by -D: db.folder (H2 on disk; in memory without it), db.url, db.user, db.password,
 * db.pool (any JDBC URL of H2 or PostgreSQL), storage.X (any property X of JpaStorageSettings),
 * validate.requests=true, retry.conflicts=true, batch.tick.ms, log.level.
 */
public final class Main {

    private Main() {}

    public static void main(String[] args) {
        try {
            serve(Integer.parseInt(args[0]), FhirVersionEnum.valueOf(args[1]));
        } catch (Throwable failure) {
            // The reason last and short: the starter shows the end of the log. And an explicit end,
            // because threads that Spring has started would keep the process alive for nothing.
            failure.printStackTrace(System.out);
            for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
                System.out.println("FAILED " + cause);
            }
            System.exit(1);
        }
    }

    private static void serve(int port, FhirVersionEnum version) throws Exception {
        Definitions definitions = Definitions.load(version);
        AnnotationConfigApplicationContext beans = new AnnotationConfigApplicationContext();
        beans.register(configuration(version), ServerConfig.class);
        beans.getBeanFactory().addBeanPostProcessor(definitions);
        beans.refresh();

        Server jetty = new Server();
        ServerConnector connector = new ServerConnector(jetty, new HttpConnectionFactory(http()));
        connector.setHost("127.0.0.1"); // there is no authentication: nobody else may come in
        connector.setPort(port);
        jetty.addConnector(connector);
        ServletContextHandler web = new ServletContextHandler();
        web.addServlet(new ServletHolder(FhirServlet.of(beans)), "/fhir/*");
        jetty.setHandler(web);
        jetty.start();
        ExecutorService ticker = tick(beans.getBean(IJobMaintenanceService.class));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(jetty, ticker, beans), "stop"));
        System.out.println("READY http://127.0.0.1:" + port + "/fhir");
        jetty.join();
    }

    private static Class<?> configuration(FhirVersionEnum version) {
        return switch (version) {
            case R4 -> JpaR4Config.class;
            case R4B -> R4bConfig.class;
            case R5 -> JpaR5Config.class;
            default -> throw new IllegalArgumentException("R4, R4B or R5, not " + version);
        };
    }

    private static HttpConfiguration http() {
        HttpConfiguration http = new HttpConfiguration();
        http.setRequestHeaderSize(65536); // long searches by GET
        http.setSendServerVersion(false);
        return http;
    }

    /** First no more requests and jobs, then the database: in the other order the last would fail. */
    private static void stop(
            Server jetty, ExecutorService ticker, AnnotationConfigApplicationContext beans) {
        try {
            jetty.stop();
            ticker.shutdown(); // without an interrupt, which would close H2's file under it
            ticker.awaitTermination(5, TimeUnit.SECONDS);
        } catch (Exception failure) {
            failure.printStackTrace(System.out);
        }
        beans.close();
    }

    /** HAPI looks at waiting batch jobs ($export, $import) once a minute; here nobody waits so long. */
    private static ExecutorService tick(IJobMaintenanceService jobs) {
        ScheduledExecutorService ticker = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "batch-ticker");
            thread.setDaemon(true);
            return thread;
        });
        long every = Long.getLong("batch.tick.ms", 1000);
        Runnable pass = () -> {
            try {
                jobs.runMaintenancePass();
            } catch (RuntimeException failure) { // thrown on, it would silently end the ticker
                System.out.println("batch tick: " + failure);
            }
        };
        ticker.scheduleWithFixedDelay(pass, every, every, TimeUnit.MILLISECONDS);
        return ticker;
    }
}
