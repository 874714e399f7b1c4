namespace ActorTrain.Models.Options;

public static class OptionText
{
    public const string Folder = "the path of a folder";

    public const string FolderPattern = @"\P{Cc}+";

    public const string WhoComputes = "they only affect who computes; the bits depend on lanes, not on trainers, threads or reducers";
}
