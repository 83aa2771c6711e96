import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.FhirVersionEnum;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.context.support.ValidationSupportContext;
import ca.uhn.fhir.rest.server.exceptions.InternalErrorException;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.SingleValidationMessage;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r5.utils.validation.constants.BestPracticeWarningLevel;

/**
 * HAPI's FhirInstanceValidator as a filter: {@code java Validate 4.0.1|4.3.0|5.0.0 PACKAGE.tgz...}
 *
 * <p>Each line on standard input gets one line of JSON on standard output, in the same order:
 *
 * <ul>
 *   <li>a resource (JSON on one line): {@code [{"severity", "location", "id", "message"}, ...]};
 *   <li>the path of a file of definitions (.json or .ndjson): {@code {"defined": N}} or {@code
 *       {"problem": WHY}}. They hold for the lines after it, and replace what has the same canonical.
 * </ul>
 *
 * <p>Nothing is fetched: a canonical that neither the core definitions (in HAPI's own jars) nor the
 * packages nor those files hold is unknown.
 */
public final class Validate {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String NO_SNAPSHOT = "HAPI-0707";
  private static final CompletableFuture<String> END = CompletableFuture.completedFuture("");

  private final Definitions own;
  private final ValidationSupportChain support;
  private final FhirValidator validator;

  // UnknownCodeSystemWarningValidationSupport is deprecated, and the only one that does this
  @SuppressWarnings("deprecation")
  private Validate(FhirContext context, List<String> packages) throws IOException {
    own = new Definitions(context);
    Definitions packaged = new Definitions(context);
    for (String file : packages) {
      packaged.addPackage(Files.newInputStream(Path.of(file)));
    }
    UnknownCodeSystemWarningValidationSupport unknownSystems =
        new UnknownCodeSystemWarningValidationSupport(context);
    unknownSystems.setNonExistentCodeSystemSeverity(IValidationSupport.IssueSeverity.WARNING);
    support =
        new ValidationSupportChain(
            own,
            packaged,
            core(context),
            new CommonCodeSystemsTerminologyService(context),
            new InMemoryTerminologyServerValidationSupport(context),
            new SnapshotGeneratingValidationSupport(context),
            unknownSystems);
    FhirInstanceValidator module = new FhirInstanceValidator(support);
    module.setAnyExtensionsAllowed(false);
    module.setAssumeValidRestReferences(true); // references are checked by type, never resolved
    module.setBestPracticeWarningLevel(BestPracticeWarningLevel.Ignore);
    module.setErrorForUnknownProfiles(true);
    validator = context.newValidator().registerValidatorModule(module);
  }

  public static void main(String[] args) throws Exception {
    PrintStream replies = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    System.setOut(System.err); // whatever a library prints must not come between the replies
    FhirContext context =
        switch (args[0]) {
          case "4.0.1" -> FhirContext.forR4();
          case "4.3.0" -> FhirContext.forR4B();
          case "5.0.0" -> FhirContext.forR5();
          default -> throw new IllegalArgumentException("unknown FHIR version " + args[0]);
        };
    Validate validate = new Validate(context, List.of(args).subList(1, args.length));

    BlockingQueue<CompletableFuture<String>> answers = new LinkedBlockingQueue<>();
    Thread writer = new Thread(() -> write(answers, replies));
    writer.start();
    ExecutorService threads =
        Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String request = line;
      answers.add(
          request.startsWith("{")
              ? CompletableFuture.supplyAsync(() -> validate.issues(request), threads)
              : CompletableFuture.completedFuture(validate.define(Path.of(request))));
    }
    answers.add(END);
    writer.join();
    threads.shutdown();
  }

  /** Prints the answers in the order of the questions, whichever is ready first. */
  private static void write(BlockingQueue<CompletableFuture<String>> answers, PrintStream replies) {
    try {
      for (var answer = answers.take(); answer != END; answer = answers.take()) {
        replies.println(answer.get());
        replies.flush();
      }
    } catch (Exception broken) {
      broken.printStackTrace();
      System.exit(1);
    }
  }

  private String issues(String resource) {
    List<Map<String, String>> issues = new ArrayList<>();
    try {
      for (SingleValidationMessage found : messages(resource)) {
        // a response whose Questionnaire is unknown passes unchecked: to HAPI a mere warning
        boolean unchecked = "Questionnaire_QR_Q_NotFound".equals(found.getMessageId());
        issues.add(
            issue(
                unchecked ? "error" : found.getSeverity().getCode(),
                found.getLocationString(),
                found.getMessageId(),
                found.getMessage()));
      }
    } catch (RuntimeException | LinkageError failure) {
      issues.add(issue("fatal", "", "Exception", failure.toString()));
    }
    return json(issues);
  }

  /**
   * Threads that make snapshots of definitions which rest on each other can get in each other's way,
   * seen on a machine with far too much to do. It leaves nothing behind: what is wrong fails again.
   */
  private List<SingleValidationMessage> messages(String resource) {
    try {
      return validator.validateWithResult(resource).getMessages();
    } catch (InternalErrorException failure) {
      if (!failure.getMessage().startsWith(NO_SNAPSHOT)) {
        throw failure;
      }
      return validator.validateWithResult(resource).getMessages();
    }
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

  private String define(Path file) {
    try {
      int count = own.addFile(file);
      support.invalidateCaches();
      return json(Map.of("defined", count));
    } catch (IOException | RuntimeException problem) {
      return json(Map.of("problem", file + ": " + problem));
    }
  }

  private static String json(Object value) {
    try {
      return JSON.writeValueAsString(value);
    } catch (IOException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /**
   * The core definitions. HAPI reads R4 and R4B in 5 seconds, but R5 in 30 and more, because there it
   * parses each of its three packages as a whole; hence our own reading of the same packages.
   */
  private static IValidationSupport core(FhirContext context) throws IOException {
    if (context.getVersion().getVersion() != FhirVersionEnum.R5) {
      return new TypesOnly(context);
    }
    Definitions core = new Definitions(context);
    for (String name :
        List.of("hl7.fhir.r5.core-5.0.0", "hl7.fhir.uv.extensions.r5-1.0.0", "hl7.terminology-5.1.0")) {
      core.addPackage(
          Validate.class.getResourceAsStream("/org/hl7/fhir/r5/packages/" + name + ".tgz"));
    }
    return core;
  }

  /**
   * The validator asks for all StructureDefinitions to learn the names of types, then makes a
   * snapshot of each: to give it the types without the profiles saves half of the start.
   */
  private static final class TypesOnly extends DefaultProfileValidationSupport {
    TypesOnly(FhirContext context) {
      super(context);
    }

    @Override
    public <T extends IBaseResource> List<T> fetchAllStructureDefinitions() {
      var terser = getFhirContext().newTerser();
      List<T> all = super.fetchAllStructureDefinitions();
      return all.stream()
          .filter(
              each -> !"constraint".equals(terser.getSinglePrimitiveValueOrNull(each, "derivation")))
          .toList();
    }
  }

  /** Definitions by canonical, each parsed when it is first asked for. */
  private static final class Definitions implements IValidationSupport {
    private static final String CORE = "http://hl7.org/fhir/";

    private final FhirContext context;
    private final Map<String, Definition> byKey = new ConcurrentHashMap<>();

    Definitions(FhirContext context) {
      this.context = context;
    }

    /** An npm package of FHIR: its definitions are the files package/TYPE-ID.json. */
    void addPackage(InputStream tgz) throws IOException {
      try (var tar = new TarArchiveInputStream(new GzipCompressorInputStream(tgz))) {
        for (TarArchiveEntry file = tar.getNextEntry(); file != null; file = tar.getNextEntry()) {
          if (file.getName()
              .matches("package/(StructureDefinition|CodeSystem|ValueSet)-[^/]*\\.json")) {
            add(tar.readAllBytes());
          }
        }
      }
    }

    /** Reads the definitions of a file at once, so that a broken one is told of; other resources are left. */
    int addFile(Path file) throws IOException {
      List<String> texts =
          file.toString().endsWith(".ndjson")
              ? Files.readAllLines(file)
              : List.of(Files.readString(file));
      int count = 0;
      for (String text : texts) {
        if (!text.isBlank()) {
          Definition definition = add(text.getBytes(StandardCharsets.UTF_8));
          if (definition != null) {
            definition.resource();
            count++;
          }
        }
      }
      return count;
    }

    private Definition add(byte[] json) throws IOException {
      Map<String, String> header = header(json);
      String type = header.get("resourceType");
      String url = header.get("url");
      if (type == null || url == null) {
        return null;
      }
      boolean isType =
          type.equals("StructureDefinition") && !"constraint".equals(header.get("derivation"));
      boolean isWhole = !"not-present".equals(header.get("content"));
      Definition definition = new Definition(context, isType, isWhole, json);
      byKey.put(type + " " + url, definition);
      if (header.containsKey("version")) {
        byKey.put(type + " " + url + "|" + header.get("version"), definition);
      }
      return definition;
    }

    /** The strings at the top of a resource. */
    private static Map<String, String> header(byte[] json) throws IOException {
      Map<String, String> header = new HashMap<>();
      try (JsonParser parser = JSON.createParser(json)) {
        parser.nextToken();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          String name = parser.getText();
          if (parser.nextToken() == JsonToken.VALUE_STRING) {
            header.put(name, parser.getText());
          } else {
            parser.skipChildren();
          }
        }
      }
      return header;
    }

    @SuppressWarnings("unchecked")
    private <T extends IBaseResource> T find(String type, String canonical) {
      Definition definition = byKey.get(type + " " + canonical);
      return definition == null ? null : (T) definition.resource();
    }

    @Override
    public FhirContext getFhirContext() {
      return context;
    }

    @Override
    @SuppressWarnings("unchecked")
    public <T extends IBaseResource> List<T> fetchAllStructureDefinitions() {
      return byKey.values().stream()
          .filter(definition -> definition.isType)
          .distinct()
          .map(definition -> (T) definition.resource())
          .toList();
    }

    @Override
    public IBaseResource fetchStructureDefinition(String canonical) {
      if (!canonical.contains(":")) { // "Patient" or "StructureDefinition/Patient"
        canonical = CORE + (canonical.contains("/") ? "" : "StructureDefinition/") + canonical;
      }
      return find("StructureDefinition", canonical);
    }

    @Override
    public IBaseResource fetchCodeSystem(String canonical) {
      return find("CodeSystem", canonical);
    }

    @Override
    public IBaseResource fetchValueSet(String canonical) {
      return find("ValueSet", canonical);
    }

    @Override
    public <T extends IBaseResource> T fetchResource(Class<T> type, String canonical) {
      return type == null ? null : find(context.getResourceType(type), canonical);
    }

    @Override
    public boolean isCodeSystemSupported(ValidationSupportContext root, String system) {
      Definition definition = byKey.get("CodeSystem " + system);
      return definition != null && definition.isWhole; // of SNOMED CT there is but the name
    }

    @Override
    public boolean isValueSetSupported(ValidationSupportContext root, String canonical) {
      return byKey.containsKey("ValueSet " + canonical);
    }
  }

  private static final class Definition {
    private final FhirContext context;
    private final boolean isType;
    private final boolean isWhole;
    private final byte[] json;
    private IBaseResource resource;

    Definition(FhirContext context, boolean isType, boolean isWhole, byte[] json) {
      this.context = context;
      this.isType = isType;
      this.isWhole = isWhole;
      this.json = json;
    }

    synchronized IBaseResource resource() {
      if (resource == null) {
        resource = context.newJsonParser().parseResource(new ByteArrayInputStream(json));
      }
      return resource;
    }
  }
}
