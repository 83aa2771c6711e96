import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.HL7Exception;
import ca.uhn.hl7v2.HapiContext;
import ca.uhn.hl7v2.app.Connection;
import ca.uhn.hl7v2.llp.LLPException;
import ca.uhn.hl7v2.model.Message;
import ca.uhn.hl7v2.parser.GenericModelClassFactory;
import ca.uhn.hl7v2.util.Terser;
import ca.uhn.hl7v2.validation.impl.ValidationContextFactory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Sends messages as an interface engine does: each until it is acknowledged.
 *
 *     Sender HOST PORT CONNECTIONS
 *
 * Standard input has the messages, each on one line with \r written as a backslash and an r, as they are to be sent.
 * Each connection takes the next one. A connection that is lost is opened again; what is answered by AR is sent again
 * later. For each message a line is printed: its control id, the code and MSA-2 of its acknowledgement, and how often
 * it was sent.
 */
public class Sender {
  private static final int PATIENCE = 5000;
  private static final int REST = 100;
  private static final String END = "";

  private final String host;
  private final int port;
  private final BlockingQueue<String> waiting = new LinkedBlockingQueue<>();

  Sender(String host, int port) {
    this.host = host;
    this.port = port;
  }

  public static void main(String[] told) throws Exception {
    Sender sender = new Sender(told[0], Integer.parseInt(told[1]));
    Thread[] lanes = new Thread[Integer.parseInt(told[2])];
    for (int n = 0; n < lanes.length; n++) {
      lanes[n] = new Thread(sender::send);
      lanes[n].start();
    }
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = lines.readLine()) != null; ) {
      sender.waiting.add(line.replace("\\r", "\r"));
    }
    for (Thread lane : lanes) {
      sender.waiting.add(END);
    }
    for (Thread lane : lanes) {
      lane.join();
    }
    System.exit(0); // the contexts' threads go on otherwise
  }

  private void send() {
    HapiContext context = context(); // for each its own: two threads that first parse with one break its parser
    Connection connection = null;
    for (String text; !(text = next()).equals(END); ) {
      boolean sent = false;
      for (int times = 1; !sent; times++) {
        try {
          if (connection == null) {
            connection = connect(context);
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
        if (!sent) {
          rest();
        }
      }
    }
  }

  private static HapiContext context() {
    HapiContext made = new DefaultHapiContext(new GenericModelClassFactory());
    made.setValidationContext(ValidationContextFactory.noValidation());
    return made;
  }

  private Connection connect(HapiContext context) throws HL7Exception {
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

  private String next() {
    try {
      return waiting.take();
    } catch (InterruptedException nobody) {
      throw new IllegalStateException(nobody);
    }
  }

  private static void rest() {
    try {
      Thread.sleep(REST);
    } catch (InterruptedException nobody) {
      throw new IllegalStateException(nobody);
    }
  }
}
