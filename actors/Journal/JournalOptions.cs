using System.Data.Common;
using ActorTrain.Models.Options;

namespace ActorTrain.Actors.Journal;

[OptionGroup(MayChangeBecause = "they only affect where decisions are stored")]
public sealed record JournalOptions : IOptions
{
    private const string ConnectionExpectation = "empty, or a PostgreSQL connection string without a password, such as "
        + "'Host=db;Database=runs;Username=me' (the password comes from PGPASSWORD or ~/.pgpass)";

    [Option("PostgreSQL database for the run's journal",
        Expectation = ConnectionExpectation, Derived = "SQLite: run.db in the run's folder")]
    public string Connection { get; init; } = "";

    [Option("decisions buffered while the database is unavailable; training pauses when the buffer is full", Min = 1, Max = 1 << 20)]
    public int Buffer { get; init; } = 256;

    [Option("time without renewal after which another process may take the run over, if the run's database is PostgreSQL",
        Unit = "seconds", Min = 1, Max = 3600)]
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(3);

    public IEnumerable<OptionProblem> Validate()
    {
        if (!IsConnection(Connection))
            yield return new($"{nameof(Connection):key} is '{Connection}', but it must be {ConnectionExpectation}.");
    }

    // The run file is copied into the run's folder, so it must not contain a password.
    private static bool IsConnection(string text)
    {
        if (text.Length == 0)
            return true;
        try
        {
            var parts = new DbConnectionStringBuilder { ConnectionString = text };
            return (parts.ContainsKey("Host") || parts.ContainsKey("Server")) && !parts.ContainsKey("Password") && !parts.ContainsKey("PWD")
                && !text.Any(char.IsControl);
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
