import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.HL7Exception;
import ca.uhn.hl7v2.HapiContext;
import ca.uhn.hl7v2.app.Connection;
import ca.uhn.hl7v2.llp.LLPException;
import ca.uhn.hl7v2.model.Message;
import ca.uhn.hl7v2.parser.GenericModelClassFactory;
import ca.uhn.hl7v2.util.Terser;
import ca.uhn.hl7v2.validation.impl.ValidationContextFactory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Sends messages as an interface engine does: each until it is acknowledged.
 *
 *     Sender HOST PORT CONNECTIONS MILLISECONDS FILE
 *
 * The file holds messages, each on one line with \r written as a backslash and an r. Each connection takes the next
 * message, and waits so many milliseconds after each. A connection that is lost is opened again; what is answered by
 * AR is sent again later. For each message a line is printed: its control id, the code and MSA-2 of its
 * acknowledgement, and how often it was sent.
 */
public class Sender {
  private static final int PATIENCE = 5000;

  private final String host;
  private final int port;
  private final int pause;
  private final ConcurrentLinkedQueue<String> waiting;
  private final HapiContext context;

  Sender(String host, int port, int pause, List<String> messages) {
    this.host = host;
    this.port = port;
    this.pause = pause;
    waiting = new ConcurrentLinkedQueue<>(messages);
    context = new DefaultHapiContext(new GenericModelClassFactory());
    context.setValidationContext(ValidationContextFactory.noValidation());
  }

  public static void main(String[] told) throws Exception {
    List<String> messages;
    try (Stream<String> lines = Files.lines(Path.of(told[4]), StandardCharsets.UTF_8)) {
      messages = lines.map(line -> line.replace("\\r", "\r")).collect(Collectors.toList());
    }
    Sender sender = new Sender(told[0], Integer.parseInt(told[1]), Integer.parseInt(told[3]), messages);
    Thread[] lanes = new Thread[Integer.parseInt(told[2])];
    for (int n = 0; n < lanes.length; n++) {
      lanes[n] = new Thread(sender::send);
      lanes[n].start();
    }
    for (Thread lane : lanes) {
      lane.join();
    }
    System.exit(0); // the context's threads go on otherwise
  }

  private void send() {
    Connection connection = null;
    for (String text; (text = waiting.poll()) != null; ) {
      boolean sent = false;
      for (int times = 1; !sent; times++) {
        try {
          if (connection == null) {
            connection = connect();
          }
          Message message = context.getGenericParser().parse(text);
          Terser answer = new Terser(connection.getInitiator().sendAndReceive(message));
          String code = answer.get("/MSA-1");
          sent = !code.equals("AR") && !code.equals("CR");
          if (sent) {
            String control = new Terser(message).get("/MSH-10");
            System.out.println(control + " " + code + " " + answer.get("/MSA-2") + " " + times);
          }
        } catch (HL7Exception | LLPException | IOException lost) {
          connection = closed(connection);
        }
        rest(sent ? pause : 100);
      }
    }
  }

  private Connection connect() throws HL7Exception {
    Connection made = context.newClient(host, port, false);
    made.getInitiator().setTimeout(PATIENCE, TimeUnit.MILLISECONDS);
    return made;
  }

  private static Connection closed(Connection connection) {
    try {
      if (connection != null) {
        connection.close();
      }
    } catch (IOException gone) {
      // it is lost anyhow
    }
    return null;
  }

  private static void rest(int milliseconds) {
    try {
      Thread.sleep(milliseconds);
    } catch (InterruptedException nobody) {
      throw new IllegalStateException(nobody);
    }
  }
}
