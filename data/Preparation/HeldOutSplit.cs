using ActorTrain.Data.Plan;

namespace ActorTrain.Data.Preparation;

/// <summary>Which documents are held out: a function of seed and ordinal. The first document never is, so there is always something to train on.</summary>
internal sealed class HeldOutSplit(ulong seed, double fraction)
{
    // A word of its own keeps this draw apart from every other one that the same seed makes.
    private const ulong Use = 0x48656C644F757431;

    /// <summary>Whether any document is to be held out.</summary>
    public bool Wanted => fraction > 0;

    public bool IsHeldOut(long ordinal) => ordinal > 0 && SplitMix.Fraction(seed ^ Use, (ulong)ordinal) < fraction;
}
