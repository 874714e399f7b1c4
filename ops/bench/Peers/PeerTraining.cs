using System.Globalization;
using ActorTrain.Models;

namespace ActorTrain.Bench.Peers;

/// <summary>A peer's training, as on its command line: a GPT-2 by depth.</summary>
/// <param name="Model"><see cref="ModelOptions.FromDepth"/>, but with its own context and vocabulary.</param>
internal sealed record PeerTraining(ModelOptions Model, Precision Precision, int Batch)
{
    private const string PrecisionFlag = "--precision", DepthFlag = "--depth", ContextFlag = "--context", VocabularyFlag = "--vocabulary",
        BatchFlag = "--batch";

    public string[] Arguments =>
    [
        PrecisionFlag, NameOf(Precision), DepthFlag, $"{Model.Layers}", ContextFlag, $"{Model.ContextLength}", VocabularyFlag,
            $"{Model.VocabularySize}", BatchFlag, $"{Batch}",
    ];

    public static string NameOf(Precision precision) => precision == Precision.BFloat16 ? "bf16" : "fp32";

    /// <summary>Parses a command line; defaults are those of the small benchmark model.</summary>
    /// <exception cref="UserErrorException">It is invalid.</exception>
    public static PeerTraining Parse(IReadOnlyList<string> arguments)
    {
        var given = new Dictionary<string, string>
        {
            [PrecisionFlag] = "bf16",
            [DepthFlag] = "6",
            [ContextFlag] = "256",
            [VocabularyFlag] = "512",
            [BatchFlag] = "8",
        };
        foreach (var pair in arguments.Chunk(2))
        {
            if (pair.Length < 2 || !given.ContainsKey(pair[0]))
                throw new UserErrorException(
                    $"The worker cannot understand \"{string.Join(' ', pair)}\"; give values for some of {string.Join(", ", given.Keys)}.");
            given[pair[0]] = pair[1];
        }

        var precision = given[PrecisionFlag] switch
        {
            "bf16" => Precision.BFloat16,
            "fp32" => Precision.Float32,
            var other => throw new UserErrorException($"{PrecisionFlag} is \"{other}\"; it must be bf16 or fp32."),
        };
        return new PeerTraining(
            ModelOptions.FromDepth(Number(DepthFlag)) with { ContextLength = Number(ContextFlag), VocabularySize = Number(VocabularyFlag) },
                precision, Number(BatchFlag));

        int Number(string flag) => int.TryParse(given[flag], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : throw new UserErrorException($"{flag} is \"{given[flag]}\"; it must be a whole number above 0.");
    }
}
