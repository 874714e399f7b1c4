namespace ActorTrain.Models.Storage;

/// <summary>Has copies of weights in another format.</summary>
internal interface IWeightCopies
{
    /// <summary>Those of the weights as they are now: address and number of floats of each, and its checksum of when it was made.</summary>
    IEnumerable<(nint Address, long Count, FlatChecksum Written)> CopiesInUse { get; }
}
