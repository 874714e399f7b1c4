using System.Security.Cryptography;
using System.Text;
using ActorTrain.Models.Plan;

namespace ActorTrain.Actors.Metrics;

/// <summary>Tells steps that must come to the same bits from those that need not, by the decisions that they rest on.</summary>
/// <remarks>Vetoes are left out: they follow from what steps show. An operator's request to compute steps again without any change is left
/// out too, for it must give the same bits. One of the run itself without a change says that earlier bits were not to be trusted.</remarks>
public static class DecisionsInForce
{
    /// <summary>A short name of the corrections in force; null where there is none.</summary>
    /// <param name="corrections">In the order in which they came into force.</param>
    public static string? Of(IEnumerable<Correction> corrections)
    {
        ArgumentNullException.ThrowIfNull(corrections);
        var text = string.Concat(corrections.Where(static correction => !IsWithoutEffect(correction)).Select(static correction =>
            FormattableString.Invariant($"{correction.Number} {correction.From} {correction.RateFactor:R} {correction.Steps} ")
            + string.Concat(correction.Skipped.Select(static range => FormattableString.Invariant($"{range.First}+{range.Count} ")))
            + "\n"));
        return text.Length == 0 ? null : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));
    }

    private static bool IsWithoutEffect(Correction correction) =>
        correction is { Skipped.Count: 0, RateFactor: 1, Steps: null } && correction.By != Correction.Automatic;
}
