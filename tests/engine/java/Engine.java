import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.hl7.fhir.r5.elementmodel.Manager.FhirFormat;
import org.hl7.fhir.r5.utils.validation.constants.BestPracticeWarningLevel;
import org.hl7.fhir.r5.utils.validation.constants.ReferenceValidationPolicy;
import org.hl7.fhir.utilities.FhirPublication;
import org.hl7.fhir.utilities.http.ManagedWebAccess;
import org.hl7.fhir.utilities.validation.ValidationMessage;
import org.hl7.fhir.validation.ValidationEngine;
import org.hl7.fhir.validation.instance.InstanceValidator;
import org.hl7.fhir.validation.instance.advisor.BasePolicyAdvisorForFullValidation;
import org.hl7.fhir.validation.service.StandAloneValidatorFetcher;
import org.hl7.fhir.validation.service.model.InstanceValidatorParameters;

/**
 * HL7's own engine as a filter: {@code java Engine 4.0.1|5.0.0 CORE PACKAGE.tgz}
 *
 * <p>It is set up as HL7's command line does it with {@code -version VERSION -tx n/a -ig PACKAGE.tgz
 * -allow-example-urls true -assumeValidRestReferences -best-practice ignore}. Each line on standard
 * input, a resource, gets one line of JSON on standard output, in the same order: {@code
 * [{"severity", "location", "id", "message"}, ...]}.
 *
 * <p>Of definitions it knows those of CORE (name#version), of PACKAGE.tgz, and of what that depends
 * on, from the package cache in the home of the user ({@code -Duser.home}). Nothing is fetched.
 */
public final class Engine {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String END = "";

  private final InstanceValidatorParameters parameters =
      new InstanceValidatorParameters()
          .setAllowExampleUrls(true) // the examples' own identifiers and systems
          .setAssumeValidRestReferences(true) // references are checked by type, never resolved
          .setBestPracticeLevel(BestPracticeWarningLevel.Ignore);
  private final ValidationEngine engine;

  // To check where an extension may stand, the engine reads the core package once more for each
  // InstanceValidator, which takes it six seconds: one for all StructureDefinitions reads it once.
  private InstanceValidator ofStructures;

  private Engine(String version, String core, String archive) throws Exception {
    engine =
        new ValidationEngine.ValidationEngineBuilder()
            .withVersion(version)
            .withDefaultInstanceValidatorParameters(parameters)
            .withNoTerminologyServer()
            .withCanRunWithoutTerminologyServer(true)
            .fromSource(core);
    engine.setTerminologyServer(null, null, FhirPublication.fromCode(version), true);
    engine.getIgLoader().loadIg(engine.getIgs(), engine.getBinaries(), archive, false);
    StandAloneValidatorFetcher fetcher =
        new StandAloneValidatorFetcher(engine.getPcm(), engine.getContext(), engine);
    engine.setFetcher(fetcher);
    engine.getContext().setLocator(fetcher);
    engine.setPolicyAdvisor(fetcher);
    fetcher.setPolicyAdvisor(
        new BasePolicyAdvisorForFullValidation(ReferenceValidationPolicy.IGNORE, Set.of()));
    engine.prepare();
  }

  public static void main(String[] args) throws Exception {
    PrintStream replies = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    System.setOut(System.err); // whatever a library prints must not come between the replies
    ManagedWebAccess.setAccessPolicy(ManagedWebAccess.WebAccessPolicy.PROHIBITED);
    Engine engine = new Engine(args[0], args[1], args[2]);
    BlockingQueue<String> answers = new LinkedBlockingQueue<>();
    Thread writer = new Thread(() -> write(answers, replies));
    writer.start();
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      answers.add(JSON.writeValueAsString(engine.issues(line)));
    }
    answers.add(END);
    writer.join();
  }

  /** Beside the reading, so that neither waits for whoever asks to take an answer first. */
  private static void write(BlockingQueue<String> answers, PrintStream replies) {
    try {
      for (String answer = answers.take(); !answer.equals(END); answer = answers.take()) {
        replies.print(answer + "\n");
        replies.flush();
      }
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
  }

  private List<Map<String, String>> issues(String resource) {
    List<Map<String, String>> issues = new ArrayList<>();
    try {
      List<ValidationMessage> messages = new ArrayList<>();
      byte[] text = resource.getBytes(StandardCharsets.UTF_8);
      validator(resource).validate(null, messages, new ByteArrayInputStream(text), FhirFormat.JSON);
      for (ValidationMessage one : messages) {
        String level = one.getLevel().toCode();
        issues.add(issue(level, one.getLocation(), one.getMessageId(), one.getMessage()));
      }
    } catch (IOException | RuntimeException | LinkageError failure) {
      issues.add(issue("fatal", "", "Exception", failure.toString()));
    }
    return issues;
  }

  private InstanceValidator validator(String resource) throws IOException {
    String type = JSON.readTree(resource).path("resourceType").asText();
    if (!type.equals("StructureDefinition")) {
      return engine.getValidator(FhirFormat.JSON, parameters);
    }
    if (ofStructures == null) {
      ofStructures = engine.getValidator(FhirFormat.JSON, parameters);
    }
    return ofStructures;
  }

  private static Map<String, String> issue(
      String severity, String location, String id, String message) {
    Map<String, String> issue = new LinkedHashMap<>();
    issue.put("severity", severity);
    issue.put("location", location == null ? "" : location);
    issue.put("id", id == null ? "" : id);
    issue.put("message", message);
    return issue;
  }
}
