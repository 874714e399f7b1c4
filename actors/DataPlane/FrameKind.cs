namespace ActorTrain.Actors.DataPlane;

/// <summary>What a frame is. The numbers are part of the format.</summary>
internal enum FrameKind : ushort
{
    /// <summary>The node's first frame.</summary>
    Hello = 1,

    /// <summary>The node is admitted.</summary>
    Welcome = 2,

    /// <summary>The node is refused: one sentence.</summary>
    Refused = 3,

    /// <summary>The sender is alive.</summary>
    Ping = 4,

    /// <summary>The answer to the request of that number.</summary>
    Answer = 5,

    /// <summary>A sum over a block of lanes is in the shared vector at that offset, or may be pulled under that handle.</summary>
    Publish = 16,

    /// <summary>Nobody reads the shared vector at that offset any more.</summary>
    Freed = 17,

    /// <summary>Is there a sum over that block?</summary>
    Holds = 18,

    /// <summary>Opens a total.</summary>
    Total = 19,

    /// <summary>Opens a snapshot for reading.</summary>
    ReadSnapshot = 20,

    /// <summary>Begins to fill a slot.</summary>
    WriteSnapshot = 21,

    /// <summary>The slot is filled with a state of that hash.</summary>
    CompleteSnapshot = 22,

    /// <summary>Closes what was opened under that handle.</summary>
    Release = 23,

    /// <summary>Asks for a range of what is open under that handle.</summary>
    Pull = 24,

    /// <summary>Writes a range of the slot that is open under that handle.</summary>
    Store = 25,

    /// <summary>The weights of a shard are in the shared vector at that offset, or may be pulled under that handle.</summary>
    PublishWeights = 26,

    /// <summary>Opens the weights after a round's update.</summary>
    Weights = 27,

    /// <summary>Opens the rollouts that some prompts are trained with, unless they are those of that hash.</summary>
    ReadExperience = 32,
}
