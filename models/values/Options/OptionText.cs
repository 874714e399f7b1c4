namespace ActorTrain.Models.Options;

/// <summary>What options of several records say alike.</summary>
public static class OptionText
{
    /// <summary>What the path of a folder must be.</summary>
    public const string Folder = "the path of a folder";

    /// <summary>The pattern of such a path.</summary>
    public const string FolderPattern = @"\P{Cc}+";

    /// <summary>Why a run may be resumed with another value where that only changes who computes.</summary>
    public const string WhoComputes = "they only affect who computes; the bits depend on lanes, not on trainers, threads or reducers";
}
