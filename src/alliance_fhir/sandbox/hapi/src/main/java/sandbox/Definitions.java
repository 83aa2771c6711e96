package sandbox;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.FhirVersionEnum;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.jpa.config.r4.FhirContextR4Config;
import ca.uhn.fhir.jpa.searchparam.extractor.ISearchParamExtractor;
import ca.uhn.fhir.parser.IParser;
import ca.uhn.fhir.parser.JsonParser;
import ca.uhn.fhir.parser.LenientErrorHandler;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.config.BeanPostProcessor;

/**
 * Reads FHIR's own definitions in a thread of its own while Spring and Hibernate start.
 *
 * <p>HAPI keeps them once for each FHIR version, whoever asks first, and asks for them halfway
 * through the start, where everything else would wait: for R5 that is half of the whole start.
 */
final class Definitions implements BeanPostProcessor {

    private final Thread reader;

    private Definitions(Thread reader) {
        this.reader = reader;
    }

    static Definitions load(FhirVersionEnum version) {
        LoggerFactory.getILoggerFactory(); // set up now: two threads at once would confuse it
        Thread reader = new Thread(() -> read(version), "definitions");
        reader.setDaemon(true);
        reader.start();
        return new Definitions(reader);
    }

    private static void read(FhirVersionEnum version) {
        FhirContext context = new WithoutNarratives(version);
        FhirContextR4Config.configureDefaultParserOptions(context);
        DefaultProfileValidationSupport support = new DefaultProfileValidationSupport(context);
        support.fetchAllStructureDefinitions();
        support.fetchAllSearchParameters();
    }

    /** The extractor is the first to ask; HAPI does not lock, and would read everything twice. */
    @Override
    public Object postProcessBeforeInitialization(Object bean, String name) {
        if (bean instanceof ISearchParamExtractor) {
            try {
                reader.join();
            } catch (InterruptedException interruption) {
                Thread.currentThread().interrupt();
            }
        }
        return bean;
    }

    /**
     * Reads JSON without the XHTML that people would read. Nobody reads it here, and it is a third
     * of the time and half of the memory that R5 takes; R4 and R4B come as XML, and are small.
     */
    private static final class WithoutNarratives extends FhirContext {

        private static final Pattern DIV = Pattern.compile("\"div\"\\s*:\\s*\"");

        WithoutNarratives(FhirVersionEnum version) {
            super(version);
        }

        @Override
        public IParser newJsonParser() {
            return new JsonParser(this, new LenientErrorHandler(false)) {
                @Override
                public IBaseResource parseResource(String json) {
                    return super.parseResource(emptied(json));
                }
            };
        }

        private static String emptied(String json) {
            StringBuilder kept = new StringBuilder(json.length());
            int from = 0;
            for (Matcher div = DIV.matcher(json); div.find(from); ) {
                kept.append(json, from, div.end());
                from = div.end();
                while (json.charAt(from) != '"') {
                    from += json.charAt(from) == '\\' ? 2 : 1;
                }
            }
            return kept.append(json, from, json.length()).toString();
        }
    }
}
