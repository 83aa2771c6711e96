package sandbox;

import ca.uhn.fhir.batch2.jobs.export.BulkDataExportProvider;
import ca.uhn.fhir.batch2.jobs.imprt.BulkDataImportProvider;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.interceptor.UserRequestRetryVersionConflictsInterceptor;
import ca.uhn.fhir.jpa.provider.DiffProvider;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.provider.JpaSystemProvider;
import ca.uhn.fhir.jpa.provider.TerminologyUploaderProvider;
import ca.uhn.fhir.jpa.provider.ValueSetOperationProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.interceptor.RequestValidatingInterceptor;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import ca.uhn.fhir.validation.IInstanceValidatorModule;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import org.springframework.beans.factory.BeanFactory;

/** The REST side: what can be asked of the server, in HAPI's own names. */
final class FhirServlet {

    private FhirServlet() {}

    static RestfulServer of(BeanFactory beans) {
        RestfulServer server = new RestfulServer(beans.getBean(FhirContext.class));
        server.setServerConformanceProvider(metadata(server, beans));
        server.registerProviders(beans.getBean(ResourceProviderFactory.class).createProviders());
        server.registerProviders(
                beans.getBean(JpaSystemProvider.class),
                beans.getBean(ValueSetOperationProvider.class),
                beans.getBean(TerminologyUploaderProvider.class),
                beans.getBean(DiffProvider.class),
                beans.getBean(BulkDataExportProvider.class),
                beans.getBean(BulkDataImportProvider.class));
        DatabaseBackedPagingProvider paging = beans.getBean(DatabaseBackedPagingProvider.class);
        paging.setDefaultPageSize(20);
        paging.setMaximumPageSize(1000);
        server.setPagingProvider(paging);
        server.setDefaultResponseEncoding(EncodingEnum.JSON);
        if (Boolean.getBoolean("validate.requests")) {
            RequestValidatingInterceptor validating = new RequestValidatingInterceptor();
            validating.addValidatorModule(beans.getBean(IInstanceValidatorModule.class));
            validating.setFailOnSeverity(ResultSeverityEnum.ERROR);
            server.registerInterceptor(validating);
        }
        if (Boolean.getBoolean("retry.conflicts")) { // for X-Retry-On-Version-Conflict: retry; max-retries=N
            server.registerInterceptor(new UserRequestRetryVersionConflictsInterceptor());
        }
        return server;
    }

    private static JpaCapabilityStatementProvider metadata(RestfulServer server, BeanFactory beans) {
        JpaCapabilityStatementProvider metadata = new JpaCapabilityStatementProvider(
                server,
                beans.getBean(IFhirSystemDao.class),
                beans.getBean(JpaStorageSettings.class),
                beans.getBean(ISearchParamRegistry.class),
                beans.getBean(IValidationSupport.class));
        metadata.setImplementationDescription("alliance-fhir sandbox (HAPI FHIR JPA)");
        return metadata;
    }
}
