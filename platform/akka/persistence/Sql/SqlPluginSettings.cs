using Akka.Configuration;
using Akka.Persistence.Sql.Storage;

namespace Akka.Persistence.Sql;

/// <summary>The keys that journal and snapshot store have in common.</summary>
internal sealed class SqlPluginSettings
{
    public SqlPluginSettings(Config config, SqlTables tables)
    {
        if (config.GetString("table-mapping", "default") is var mapping and not "default")
            throw new ConfigurationException($"The SQL {tables} plugin's table-mapping '{mapping}' is unknown; use default.");
        Open = SqlSession.Opener(config.GetString("provider-name"), config.GetString("connection-string"), tables,
            config.GetBoolean("auto-initialize", true));
        Serializer = config.GetString("serializer") is { Length: > 0 } name and not "null" ? name : null;
        BufferSize = config.GetInt("buffer-size", 5000);
        ReplayBatchSize = config.GetInt("replay-batch-size", 1000);
        if (BufferSize < 1 || ReplayBatchSize < 1)
            throw new ConfigurationException($"The SQL {tables} plugin's buffer-size and replay-batch-size must be at least 1.");
    }

    public Func<SqlSession> Open { get; }

    public string Serializer { get; }

    public int BufferSize { get; }

    public int ReplayBatchSize { get; }
}
