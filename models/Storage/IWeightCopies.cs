namespace ActorTrain.Models.Storage;

/// <summary>Holds copies of weights in another format.</summary>
internal interface IWeightCopies
{
    /// <summary>The copies of the current weights: address, number of floats, and checksum when made.</summary>
    IEnumerable<(nint Address, long Count, FlatChecksum Written)> CopiesInUse { get; }
}
