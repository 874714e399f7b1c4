using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using ActorTrain.Models;
using ActorTrain.Models.Files;
using ActorTrain.Persistence.Logs;
using ActorTrain.Persistence.Terms;

namespace ActorTrain.Persistence.Rollouts;

/// <summary>What a judge has answered: an append-only file with a line for each question. The first answer to a question counts for ever,
/// for it cannot be computed again.</summary>
/// <remarks>An answer is durable before anyone gets it, so one that a kill or a power cut has torn was never used. Thread-safe.</remarks>
public sealed class Judgements : IDisposable
{
    private static readonly JsonLinesFormat<Judgement> Format = new(
        "file of judgements", "judgement",
        static judgement => JsonSerializer.SerializeToUtf8Bytes(JudgementLine.Of(judgement), JudgementJson.Default.JudgementLine),
        static text => JsonSerializer.Deserialize(text, JudgementJson.Default.JudgementLine)?.ToJudgement())
    {
        Advice = "restore the file from a copy, for what the judge answered is written nowhere else",
    };

    private readonly Lock gate = new();

    // By half of the key, which is a hash: where the first line with it begins.
    private readonly Dictionary<UInt128, long> places = [];
    private readonly JsonLinesLog<Judgement>? log;
    private readonly FileStream? held;
    private UserErrorException? failure;

    private Judgements(string path, bool isWritten, RunTerm? term = null)
    {
        (Path, Term) = (path, term ?? RunTerm.None);
        if (!isWritten)
        {
            foreach (var line in Format.Read(path))
                Note(line);
            return;
        }

        held = Hold(path);
        try
        {
            log = new JsonLinesLog<Judgement>(Format, path, Note, term: term);

            // The last process may have been killed before it made its last lines durable.
            log.Flush();
        }
        catch
        {
            Dispose();
            throw;
        }

        void Note(JsonLine<Judgement> line) => places.TryAdd(HalfOf(line.Row!.Key), line.Offset);
    }

    public string Path { get; }

    /// <summary>Under which it is written.</summary>
    public RunTerm Term { get; }

    /// <summary>Opens the file to append to it; creates it if missing.</summary>
    /// <exception cref="UserErrorException">A line is not a judgement, another process has it open to append to it, or a disk error; the
    /// file is unchanged.</exception>
    public static Judgements Open(string path, RunTerm? term = null) => new(path, isWritten: true, term);

    /// <summary>Reads the file, even while a run appends to it; a missing one has no judgements.</summary>
    /// <exception cref="UserErrorException">A line is not a judgement, or a disk error.</exception>
    public static Judgements Read(string path) => new(path, isWritten: false);

    /// <summary>The answer to a question; null if there is none.</summary>
    /// <exception cref="UserErrorException">The file has changed since it was opened, or a disk error.</exception>
    public EquatableArray<double?>? Find(string key)
    {
        lock (gate)
        {
            if (!places.TryGetValue(HalfOf(key), out var place))
                return null;
            return Format.RowAt(Path, place) is { } row && row.Key == key ? row.Scores : throw new UserErrorException(
                $"{Path} was changed while it was in use; {Format.Advice}.");
        }
    }

    /// <summary>Keeps an answer, durably.</summary>
    /// <returns>The first answer to the question: this one, or that of an earlier asker.</returns>
    /// <exception cref="UserErrorException">A disk error; nothing more is kept from then on.</exception>
    public EquatableArray<double?> Keep(Judgement judgement)
    {
        if (log is null)
            throw new InvariantException($"{Path} is open to be read.");
        lock (gate)
        {
            if (Find(judgement.Key) is { } first)
                return first;
            if (failure is not null)
                throw failure;
            Term.Confirm();
            try
            {
                var place = log.Append(judgement);
                log.Flush();
                places.Add(HalfOf(judgement.Key), place);
                return judgement.Scores;
            }
            catch (UserErrorException exception)
            {
                // The line may be in the file or not: only who opens it again knows.
                failure = exception;
                throw;
            }
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            log?.Dispose();
            held?.Dispose();
        }
    }

    /// <summary>A lock on the file itself would keep readers out.</summary>
    internal static string LockOf(string path) => path + ".lock";

    private static FileStream Hold(string path)
    {
        try
        {
            return new FileStream(LockOf(path), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception) when (Disk.IsLocked(exception))
        {
            throw new UserErrorException($"Another process asks the judge, and writes to {path}; try again once it has ended.", exception);
        }
        catch (Exception exception) when (Disk.IsFailure(exception))
        {
            throw Disk.Explain(exception, $"Cannot open the {Format.Name} {path}");
        }
    }

    private static UInt128 HalfOf(string key) => UInt128.Parse(key.AsSpan(0, 32), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}

/// <param name="Key">Of the question, 64 hexadecimal digits.</param>
/// <param name="Position">Of the prompt, for people.</param>
/// <param name="Scores">Of each completion, in order; null for one that cannot be scored.</param>
public sealed record Judgement(string Key, long Position, EquatableArray<double?> Scores);

/// <param name="Hash">XXH3 of the rest, 16 hexadecimal digits.</param>
internal sealed record JudgementLine(DateTimeOffset Time, string? Key, long Position, EquatableArray<double?>? Scores, string? Hash)
{
    public static JudgementLine Of(Judgement judgement)
    {
        var line = new JudgementLine(DateTimeOffset.UtcNow, judgement.Key, judgement.Position, judgement.Scores, Hash: null);
        return line with { Hash = line.HashOf() };
    }

    /// <summary>Null if something is missing, or is not what was written.</summary>
    public Judgement? ToJudgement() =>
        Key is { Length: 64 } key && key.All(char.IsAsciiHexDigit) && Scores is { } scores && Hash == HashOf()
            ? new Judgement(key, Position, scores) : null;

    private string HashOf()
    {
        var hash = new XxHash3();
        hash.Append(Encoding.UTF8.GetBytes(Key!));
        Append(Time.UtcTicks);
        Append(Position);
        foreach (var score in Scores!.Value)
        {
            Append(score is null ? 0 : 1);
            Append(BitConverter.DoubleToInt64Bits(score ?? 0));
        }

        return hash.GetCurrentHashAsUInt64().ToString("x16", CultureInfo.InvariantCulture);

        void Append(long value) => hash.Append(MemoryMarshal.AsBytes(new ReadOnlySpan<long>(ref value)));
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(JudgementLine))]
[JsonSerializable(typeof(double?))]
internal sealed partial class JudgementJson : JsonSerializerContext;
