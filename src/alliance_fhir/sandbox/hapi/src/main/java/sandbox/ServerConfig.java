package sandbox;

import ca.uhn.fhir.batch2.jobs.config.Batch2JobsConfig;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.config.ThreadPoolFactoryConfig;
import ca.uhn.fhir.jpa.batch2.JpaBatch2Config;
import ca.uhn.fhir.jpa.binary.api.IBinaryStorageSvc;
import ca.uhn.fhir.jpa.binstore.DatabaseBinaryContentStorageSvcImpl;
import ca.uhn.fhir.jpa.config.HapiJpaConfig;
import ca.uhn.fhir.jpa.config.util.HapiEntityManagerFactoryUtil;
import ca.uhn.fhir.jpa.model.config.PartitionSettings;
import ca.uhn.fhir.jpa.model.config.SubscriptionSettings;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirH2Dialect;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirPostgresDialect;
import ca.uhn.fhir.jpa.subscription.channel.config.SubscriptionChannelConfig;
import jakarta.persistence.EntityManagerFactory;
import java.util.Map;
import org.apache.commons.dbcp2.BasicDataSource;
import org.springframework.beans.BeanWrapperImpl;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;

/** The beans that HAPI leaves to whoever runs it: database, settings, batch jobs. */
@Configuration
@Import({
    HapiJpaConfig.class,
    JpaBatch2Config.class,
    Batch2JobsConfig.class,
    SubscriptionChannelConfig.class,
    ThreadPoolFactoryConfig.class
})
public class ServerConfig {

    private static final String STORAGE = "storage.";

    /** What suits a sandbox, then every -Dstorage.X=value as JpaStorageSettings.X. */
    @Bean
    public JpaStorageSettings storageSettings() {
        JpaStorageSettings settings = new JpaStorageSettings();
        settings.setAllowMultipleDelete(true);
        settings.setExpungeEnabled(true);
        settings.setDeleteExpungeEnabled(true);
        settings.setReuseCachedSearchResultsForMillis(null); // a search sees every write before it
        settings.setJobFastTrackingEnabled(true);
        BeanWrapperImpl bean = new BeanWrapperImpl(settings);
        System.getProperties().stringPropertyNames().stream()
                .filter(name -> name.startsWith(STORAGE))
                .forEach(name -> bean.setPropertyValue(
                        name.substring(STORAGE.length()), System.getProperty(name)));
        return settings;
    }

    @Bean
    public PartitionSettings partitionSettings() {
        return new PartitionSettings();
    }

    @Bean
    public SubscriptionSettings subscriptionSettings() {
        return new SubscriptionSettings(); // no channel types: subscriptions stay off
    }

    @Bean
    public IBinaryStorageSvc binaryStorageSvc() {
        return new DatabaseBinaryContentStorageSvcImpl();
    }

    @Bean(destroyMethod = "close")
    public BasicDataSource dataSource(FhirContext fhir) {
        int pool = Integer.getInteger("db.pool", 20);
        BasicDataSource source = new BasicDataSource();
        source.setUrl(url(fhir));
        source.setUsername(System.getProperty("db.user", "sa"));
        source.setPassword(System.getProperty("db.password", ""));
        source.setMaxTotal(pool);
        source.setMaxIdle(pool);
        source.setPoolPreparedStatements(true);
        return source;
    }

    /**
     * On disk each FHIR version has a file of its own, as none can read another's. What was
     * acknowledged is in it at once (H2 alone would wait half a second, and a kill would lose it).
     * H2's own hook at the end of the process is off: it would close the file under the last
     * requests. Its trace file is off: it would hold statements that failed, with their values.
     */
    private static String url(FhirContext fhir) {
        String folder = System.getProperty("db.folder");
        String standard = folder == null
                ? "jdbc:h2:mem:fhir;DB_CLOSE_DELAY=-1"
                : "jdbc:h2:file:" + folder + "/" + fhir.getVersion().getVersion()
                        + ";WRITE_DELAY=0;DB_CLOSE_ON_EXIT=FALSE;TRACE_LEVEL_FILE=0";
        return System.getProperty("db.url", standard);
    }

    @Bean
    @Primary
    public LocalContainerEntityManagerFactoryBean entityManagerFactory(
            BasicDataSource source,
            ConfigurableListableBeanFactory beans,
            FhirContext fhir,
            JpaStorageSettings settings) {
        boolean postgres = source.getUrl().startsWith("jdbc:postgresql:");
        Class<?> dialect = postgres ? HapiFhirPostgresDialect.class : HapiFhirH2Dialect.class;
        LocalContainerEntityManagerFactoryBean factory =
                HapiEntityManagerFactoryUtil.newEntityManagerFactory(beans, fhir, settings);
        factory.setPersistenceUnitName("HAPI_PU");
        factory.setDataSource(source);
        factory.setJpaPropertyMap(Map.of(
                "hibernate.dialect", dialect.getName(),
                "hibernate.hbm2ddl.auto", "update",
                "hibernate.jdbc.batch_size", "30",
                "hibernate.order_inserts", "true",
                "hibernate.order_updates", "true",
                "hibernate.search.enabled", "false"));
        return factory;
    }

    @Bean
    @Primary
    public JpaTransactionManager transactionManager(EntityManagerFactory factory) {
        return new JpaTransactionManager(factory);
    }
}
