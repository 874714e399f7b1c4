using System.Collections.Immutable;
using System.Globalization;

namespace ActorTrain.Persistence.Recovery;

/// <summary>Trainers whose part in a state is unverified: by number, the first unverified step. Kept with every checkpoint, so that a fault
/// found in a later process still determines how far back nothing can be trusted.</summary>
public static class UnprovedWork
{
    public const string Key = "unproved";

    public static string Write(IReadOnlyDictionary<int, long> unproved) =>
        string.Join(' ', unproved.OrderBy(static one => one.Key).Select(static one => $"{one.Key}:{one.Value}"));

    /// <summary>Null if absent, in a checkpoint of an older version, or unreadable: then nothing is verified.</summary>
    public static ImmutableDictionary<int, long>? Read(string? text)
    {
        if (text is null)
            return null;
        var unproved = ImmutableDictionary.CreateBuilder<int, long>();
        foreach (var one in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (one.Split(':') is not [var number, var step]
                || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var trainer)
                || !long.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var since))
                return null;
            unproved[trainer] = since;
        }

        return unproved.ToImmutable();
    }
}
