namespace ActorTrain.Models;

public static class Plural
{
    /// <summary>Such as <c>1 step</c> and <c>2 steps</c>.</summary>
    public static string Of(double count, string noun) => $"{count:0} {noun}{(count == 1 ? "" : "s")}";
}
