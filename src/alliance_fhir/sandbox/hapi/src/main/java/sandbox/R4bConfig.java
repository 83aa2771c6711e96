package sandbox;

import ca.uhn.fhir.jpa.config.r4b.JpaR4BConfig;
import ca.uhn.fhir.jpa.searchparam.extractor.ISearchParamExtractor;
import ca.uhn.fhir.jpa.searchparam.extractor.SearchParamExtractorR4B;
import java.util.regex.Pattern;
import org.hl7.fhir.instance.model.api.IBase;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;

/**
 * HAPI for R4B, and one thing put right: the search parameter item-subject asks hasExtension(),
 * which HAPI's FHIRPath for R4B does not know (seen in 8.8.0). It refuses every
 * QuestionnaireResponse that has an item.
 */
@Configuration
@Import(JpaR4BConfig.class)
public class R4bConfig {

    private static final Pattern HAS_EXTENSION = Pattern.compile("hasExtension\\(('[^']*')\\)");

    @Bean
    @Primary
    public ISearchParamExtractor searchParamExtractorR4b() {
        return new SearchParamExtractorR4B() {
            @Override
            public IValueExtractor getPathValueExtractor(IBase resource, String path) {
                return super.getPathValueExtractor(resource, known(path));
            }
        };
    }

    private static String known(String path) {
        return HAS_EXTENSION.matcher(path).replaceAll("extension($1).exists()");
    }
}
